import { idOfDescribed } from '../../model/same-description.ts';
import { namedBy } from '../../model/status-snapshot.ts';
import type { ExportedProfile, ExporterApi } from '../../ports/exporter-api.ts';
import { type ExporterHttpOptions, exporterAsk, refused } from './exporter-call.ts';
import { profileChanges } from './profile-changes.ts';
import {
  readFailureLink,
  readMessage,
  readOrganizationIds,
  readProfiles,
  unreadable,
} from './read-profiles.ts';
import { resyncCalls } from './resync-calls.ts';

/** A profile is asked for with every hundred rows that are written again. */
const keptMilliseconds = 30_000;

/**
 * Any exporter with the DES REST API. It cannot tell row versions and counts, nor when a secret ends, nor which rows would
 * arrive. Fails with an `EXPORTER_*` code within the time-out; redirects are not followed, so that the token goes nowhere else.
 */
export function exporterHttp(options: ExporterHttpOptions): ExporterApi {
  const ask = exporterAsk(options);

  /** The answer; undefined for a 404, where that is one. */
  const get = async (path: string, what: string, { orAbsent = false } = {}): Promise<unknown> => {
    const { status, text } = await ask(path, what);
    if (status === 404 && orAbsent) return undefined;
    if (status !== 200) throw refused(what, status);
    try {
      return JSON.parse(text);
    } catch {
      throw unreadable(what, 'the answer is no JSON');
    }
  };

  const kept = new Map<
    string,
    { readonly profile: Promise<ExportedProfile | undefined>; readonly until: number }
  >();

  function profileOf(profileId: string): Promise<ExportedProfile | undefined> {
    const known = kept.get(profileId);
    if (known !== undefined && Date.now() < known.until) return known.profile;
    const path = `profiles/${encodeURIComponent(profileId)}`;
    const profile = get(path, 'the profile', { orAbsent: true }).then((answer) =>
      answer === undefined ? undefined : readProfiles([answer], '')[0],
    );
    kept.set(profileId, { profile, until: Date.now() + keptMilliseconds });
    profile.catch(() => kept.delete(profileId));
    return profile;
  }

  return {
    async profiles() {
      const ids = readOrganizationIds(await get('metadata/organizations', 'the organizations'));
      const profiles: ExportedProfile[] = [];
      for (const id of new Set(ids)) {
        const answer = await get(
          `profiles?organizationId=${encodeURIComponent(id)}&status=true`,
          'the profiles',
        );
        profiles.push(...readProfiles(answer, id));
      }
      return profiles.filter(({ state }) => state !== 'deleted');
    },
    async exports(profileId, table) {
      const profile = await profileOf(profileId);
      return profile?.state === 'active' && namedBy(profile)(table);
    },
    async failureLink(profileId) {
      return readFailureLink(
        await get(`profiles/${encodeURIComponent(profileId)}/failures`, 'the failure link'),
      );
    },
    rowVersions: async () => undefined,
    /** Passed by any success; failed by a 400, whose message is the report. What is not found has no test. */
    async test(profileId) {
      const what = 'the test';
      const { status, text } = await ask(`profiles/${encodeURIComponent(profileId)}/test`, what);
      if (status >= 200 && status < 300) return { isPassed: true, report: '' };
      if (status === 400) return { isPassed: false, report: readMessage(text) };
      if (status === 404) return undefined;
      throw refused(what, status);
    },
    ...resyncCalls(ask),
    wouldTake: async () => undefined,
    secret: async () => undefined,
    rowCount: async () => undefined,
    profile: profileOf,
    async profileWith(organizationId, description) {
      const path = `profiles?organizationId=${encodeURIComponent(organizationId)}`;
      return idOfDescribed(await get(path, 'the profiles'), description);
    },
    ...profileChanges(ask),
  };
}
