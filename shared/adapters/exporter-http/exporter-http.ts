import { idOfDescribed } from '../../model/same-description.ts';
import { namedBy } from '../../model/status-snapshot.ts';
import type { AccessTokens } from '../../ports/access-tokens.ts';
import type { ExportedProfile, ExporterApi } from '../../ports/exporter-api.ts';
import { reach, readText, refused } from './exporter-call.ts';
import { profileChanges } from './profile-changes.ts';
import { readFailureLink, readOrganizationIds, readProfiles, unreadable } from './read-profiles.ts';

/** A profile is asked for with every hundred rows that are written again. */
const keptMilliseconds = 30_000;

/** Which exporter, and the resource that its tokens are for. */
export interface ExporterHttpOptions {
  /** Origin of a service with the DES REST API. */
  readonly url: string;
  readonly resource: string;
  readonly tokens: AccessTokens;
  readonly timeoutSeconds?: number;
}

/**
 * Any exporter with the DES REST API. It cannot tell row versions. Fails with an `EXPORTER_*` code within the time-out;
 * redirects are not followed, so that the token goes nowhere else.
 */
export function exporterHttp(options: ExporterHttpOptions): ExporterApi {
  const { url, resource, tokens, timeoutSeconds = 100 } = options;
  /** The answer; undefined for a 404, where that is one. */
  const get = async (path: string, what: string, { orAbsent = false } = {}): Promise<unknown> => {
    const token = await tokens.forResource(resource);
    const response = await reach(what, () =>
      fetch(new URL(`/crm/exporter/${path}`, url), {
        headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutSeconds * 1000),
      }),
    );
    const text = await reach(what, () => readText(response, what));
    if (response.status === 404 && orAbsent) return undefined;
    if (response.status !== 200) throw refused(what, response.status);
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
    profile: profileOf,
    async profileWith(organizationId, description) {
      const path = `profiles?organizationId=${encodeURIComponent(organizationId)}`;
      return idOfDescribed(await get(path, 'the profiles'), description);
    },
    ...profileChanges(options),
  };
}
