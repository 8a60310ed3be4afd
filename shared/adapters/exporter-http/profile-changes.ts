import { ServiceError } from '../../errors.ts';
import { idOf } from '../../model/same-description.ts';
import type { ExporterApi } from '../../ports/exporter-api.ts';
import { type Ask, refused } from './exporter-call.ts';
import { readMessage, unreadable } from './read-profiles.ts';

/** An exporter may tell a problem for each of thousands of tables. */
const mostWords = 4000;

/**
 * The calls that change profiles. Any success is one. What the exporter refuses is `EXPORTER_REQUEST_REFUSED` with its own
 * words, which are about what was sent.
 */
export function profileChanges(ask: Ask): Pick<ExporterApi, 'createProfile' | 'activate' | 'deactivate'> {
  async function post(path: string, what: string, body: unknown = ''): Promise<string> {
    const { status, text } = await ask(path, what, body);
    if (status >= 200 && status < 300) return text;
    if (status === 404)
      throw new ServiceError(
        'PROFILE_NOT_FOUND',
        'Cannot find the profile: the exporter has none with this id.',
      );
    if (status !== 400 && status !== 409 && status !== 412) throw refused(what, status);
    const words = readMessage(text).slice(0, mostWords) || `it answered ${status} and did not say why`;
    throw new ServiceError('EXPORTER_REQUEST_REFUSED', `The exporter refused the request: ${words}`);
  }

  const change = async (profileId: string, name: string) =>
    void (await post(`profiles/${encodeURIComponent(profileId)}/${name}`, `the answer to "${name}"`));

  return {
    async createProfile(description) {
      const what = 'the profile that was made';
      const id = idOf(parsed(await post('profiles', what, description)));
      if (id === undefined) throw unreadable(what, 'there is no Id in the answer');
      return id;
    },
    activate: (profileId) => change(profileId, 'activate'),
    deactivate: (profileId) => change(profileId, 'deactivate'),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
