import { ServiceError } from '../errors.ts';
import { type DataverseNews, readDataverseNews } from '../model/dataverse-news.ts';
import { isOneOf } from '../model/webhook-signature.ts';
import type { Log } from '../ports/log.ts';

/** Name of the header, in lower case, that a webhook of Dataverse may send its key in. */
export const dataverseKeyHeader = 'x-dataverse-export-key';

/** One call as it came in. */
export interface DataverseCall {
  /** A header by its name in lower case. */
  readonly header: (name: string) => string | null;
  /** The key as the query has it, as `code`. */
  readonly code: string | null;
  /** Undefined where it is longer than is read. */
  readonly body: Uint8Array | undefined;
}

export interface DataverseWebhookPorts {
  /** The keys that are let in; none when no call is. */
  readonly keys: () => Promise<readonly string[]>;
  /** Has the table's changes read soon; false when no active profile exports it. */
  readonly nudge: (news: DataverseNews) => Promise<boolean>;
  readonly log: Pick<Log, 'info'>;
}

/**
 * Takes one call of a webhook (service endpoint) of Dataverse: nothing of it is believed but that a table has changed.
 * Resolves to what became of it, in a sentence. Who has no key is refused with `WEBHOOK_KEY_INVALID`, whatever else is wrong.
 * With a key everything is taken, for Dataverse keeps a failed system job of each call that is refused.
 */
export async function takeDataverseWebhook(
  { header, code, body }: DataverseCall,
  { keys, nudge, log }: DataverseWebhookPorts,
): Promise<string> {
  const sent = header(dataverseKeyHeader) ?? code;
  // Without one nobody is worth a look into the vault.
  const known = sent === null ? undefined : await keys().catch(hideFromStrangers);
  if (sent === null || known === undefined || !isOneOf(known, sent)) {
    const why =
      known === undefined ? 'it has none' : known.length === 0 ? 'none is configured' : 'it is another';
    log.info(`A webhook call of Dataverse was refused for its key: ${why}.`);
    throw new ServiceError(
      'WEBHOOK_KEY_INVALID',
      'Cannot take the call: it does not have the key that is expected.',
    );
  }
  const news = readDataverseNews(header, body);
  if (news === undefined) return 'The call names no table: nothing was done.';
  const isExported = await nudge(news);
  return isExported ? 'The table is read soon.' : 'No active profile exports the table: nothing was done.';
}

/** Of vault and secret only the log is told. */
function hideFromStrangers(cause: unknown): never {
  const message = 'Cannot check the key of the call: the keys cannot be read now; send it again later.';
  throw new ServiceError('INTERNAL', message, { cause });
}
