import type { ExporterApi } from '../../ports/exporter-api.ts';
import { type Ask, refused } from './exporter-call.ts';
import { readErrorCode, readResyncedCount } from './read-profiles.ts';

/** An exporter may be exchanged for a newer one while this app runs. */
const believedMilliseconds = 3_600_000;

const what = 'the resync';
const pathOf = (profileId: string) => `profiles/${encodeURIComponent(profileId)}/resync`;

/**
 * The command that this app's exporter has, and the old service had for its own user interface only. Whether it is there is
 * seen by a call that asks for nothing: who has the command finds that wrong in words of ours.
 */
export function resyncCalls(ask: Ask): Pick<ExporterApi, 'canResync' | 'resync'> {
  let known: { readonly isThere: boolean; readonly until: number } | undefined;
  return {
    async canResync(profileId) {
      if (known !== undefined && Date.now() < known.until) return known.isThere;
      const { status, text } = await ask(pathOf(profileId), what, { Scope: 'Records' });
      if (status >= 500) throw refused(what, status);
      const code = status === 400 ? readErrorCode(text) : undefined;
      const isThere = code === 'REQUEST_INVALID' || code === 'PROFILE_NOT_ACTIVE';
      known = { isThere, until: Date.now() + believedMilliseconds };
      return isThere;
    },
    async resync(profileId, table, ids) {
      const body = { Scope: 'Records', Entity: table, RecordIds: ids };
      const { status, text } = await ask(pathOf(profileId), what, body);
      if (status !== 200) throw refused(what, status);
      return readResyncedCount(text) > 0;
    },
  };
}
