import type { RowValue } from '../../model/change.ts';
import type { KeptQuiet, RowQuery, WriteOutcome } from '../../ports/dataverse.ts';
import { dataverseError, type Refusal, refusalError } from './map-error.ts';
import type { WebApi } from './web-api.ts';

const quietHeaders: Readonly<Record<KeptQuiet, Readonly<Record<string, string>>>> = {
  'plug-ins': { 'mscrm.bypassbusinesslogicexecution': 'CustomSync,CustomAsync' },
  flows: { 'mscrm.suppresscallbackregistrationexpanderjob': 'true' },
};

/**
 * PATCH guarded by the etag, so it never creates. A try that is repeated after a lost answer finds its own write and says
 * `changed`, which is as good: the row is in the next delta.
 */
export async function writeRow(
  api: WebApi,
  table: RowQuery['table'],
  id: string,
  etag: string,
  values: Readonly<Record<string, RowValue>>,
  keptQuiet: readonly KeptQuiet[] = [],
): Promise<WriteOutcome> {
  const purpose = `write row "${id}" of table "${table.logicalName}"`;
  const { body, refusal } = await api.send({
    purpose,
    path: `${table.entitySetName}(${id})?$select=${table.primaryId},versionnumber`,
    headers: Object.assign(
      { 'if-match': etag, prefer: 'return=representation' },
      ...keptQuiet.map((kept) => quietHeaders[kept]),
    ),
    patch: values,
    expectedStatuses: [404, 412],
  });
  if (refusal !== undefined) {
    if (isRowGone(refusal)) return { kind: 'gone' };
    if (isOtherVersion(refusal)) return { kind: 'changed' };
    throw refusalError(refusal, purpose, api.origin, false);
  }
  const row = body as { versionnumber?: string | number; '@odata.etag'?: string } | undefined;
  const version = row?.versionnumber ?? /\d+/.exec(row?.['@odata.etag'] ?? '')?.[0];
  if (version === undefined)
    throw dataverseError(
      'DATAVERSE_ANSWER_UNREADABLE',
      purpose,
      api.origin,
      'the answer names no row version',
    );
  return { kind: 'written', version: String(version) };
}

/** Older organizations leave the code empty; `0x80060888` is a table that does not exist. */
const isRowGone = ({ status, code }: Refusal) => status === 404 && code !== '0x80060888';

/** 412 also stands for duplicates, which are no news of this row. */
const isOtherVersion = ({ status, code }: Refusal) =>
  status === 412 && (code === '0x80060882' || code === '' || code === '0x0');
