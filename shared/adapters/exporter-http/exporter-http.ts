import { ServiceError } from '../../errors.ts';
import { namedBy } from '../../model/status-snapshot.ts';
import type { AccessTokens } from '../../ports/access-tokens.ts';
import type { ExportedProfile, ExporterApi } from '../../ports/exporter-api.ts';
import {
  readFailureLink,
  readMessage,
  readOrganizationIds,
  readProfiles,
  unreadable,
} from './read-profiles.ts';
import { resyncCalls } from './resync-calls.ts';

const greatestAnswer = 64 * 1024 * 1024;

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
 * Any exporter with the DES REST API. It cannot tell row versions and counts, nor when a secret ends, nor which rows would
 * arrive. Fails with an `EXPORTER_*` code within the time-out; redirects are not followed, so that the token goes nowhere else.
 */
export function exporterHttp({
  url,
  resource,
  tokens,
  timeoutSeconds = 100,
}: ExporterHttpOptions): ExporterApi {
  const ask = async (path: string, what: string, body?: object) => {
    const token = await tokens.forResource(resource);
    const response = await reach(what, () =>
      fetch(new URL(`/crm/exporter/${path}`, url), {
        ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutSeconds * 1000),
      }),
    );
    return { status: response.status, text: await reach(what, () => readText(response, what)) };
  };

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
    ...resyncCalls(ask, refused),
    wouldTake: async () => undefined,
    secret: async () => undefined,
    rowCount: async () => undefined,
  };
}

async function reach<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    const why = isLate ? 'it did not answer in time' : 'the connection failed';
    throw new ServiceError('EXPORTER_UNREACHABLE', `Cannot read ${what} of the exporter: ${why}.`, {
      cause: error,
    });
  }
}

async function readText(response: Response, what: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let length = 0;
  for await (const bytes of response.body ?? []) {
    length += bytes.length;
    if (length > greatestAnswer) throw unreadable(what, 'the answer is longer than 64 MB');
    text += decoder.decode(bytes, { stream: true });
  }
  return text + decoder.decode();
}

function refused(what: string, status: number): ServiceError {
  const isOfOurs = status >= 400 && status < 500 && status !== 408 && status !== 429;
  const code = isOfOurs
    ? 'EXPORTER_REFUSED'
    : status < 400
      ? 'EXPORTER_ANSWER_UNREADABLE'
      : 'EXPORTER_UNREACHABLE';
  return new ServiceError(code, `Cannot read ${what} of the exporter: it answered ${status}; expected 200.`);
}
