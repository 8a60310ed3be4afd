import { createHash } from 'node:crypto';
import { DataverseError, errorCodes } from '../errors.ts';
import { encodeLower } from '../odata/paging-cookie.ts';
import type { Organization } from '../organization.ts';
import type { Table } from '../schema/table.ts';
import { valueIn } from '../store/row-text.ts';

const day = 86_400_000;

/** `<rowversion>!<MM/dd/yyyy HH:mm:ss>`, encoded as the real links show it. */
export function formatDeltaToken(organization: Organization, version: number, select: string | null): string {
  const [date = '', time = ''] = new Date().toISOString().split(/[T.]/);
  const [year, month, dayOfMonth] = date.split('-');
  const bound = organization.switches.tokenBoundToSelect ? `!${selectMark(select)}` : '';
  return encodeLower(`${version}!${month}/${dayOfMonth}/${year} ${time}${bound}`);
}

/** The version after which changes are wanted; refuses what is expired (by age or, with the switch, by schema change). */
export function parseDeltaToken(
  organization: Organization,
  table: Table,
  text: string,
  select: string | null,
): number {
  const [, version, month, dayOfMonth, year, time, mark] =
    /^(\d+)!(\d\d)\/(\d\d)\/(\d{4}) (\d\d:\d\d:\d\d)(?:!(\w+))?$/.exec(text) ?? [];
  const { switches, schema, store } = organization;
  if (version === undefined)
    throw new DataverseError(400, errorCodes.invalidArgument, 'The delta token is not valid.');
  const age = Date.now() - Date.parse(`${year}-${month}-${dayOfMonth}T${time}Z`);
  const isTooOld = age > expireDays(organization) * day;
  const isOfOlderSchema = switches.schemaChangeExpiresTokens && Number(version) < schema.changedAt(table);
  const isFromBeforeLoss = switches.trackingLossExpiresTokens && Number(version) < schema.trackedAt(table);
  // A counter that is behind the token means that this is another organization's data, or data made afresh.
  if (isTooOld || isOfOlderSchema || isFromBeforeLoss || Number(version) > store.currentVersion())
    throw expiredToken(switches.expiredStatus);
  if (mark !== undefined && switches.tokenBoundToSelect && mark !== selectMark(select))
    throw new DataverseError(
      400,
      errorCodes.invalidArgument,
      'The delta token does not belong to this $select.',
    );
  if (switches.tokenBoundToSet && Number(version) < schema.renamedAt(table))
    throw new DataverseError(
      400,
      errorCodes.invalidArgument,
      'The delta token does not belong to this entity set.',
    );
  return Number(version);
}

export function expiredToken(status: number): DataverseError {
  return new DataverseError(
    status,
    errorCodes.expiredToken,
    'Version stamp associated with the client has expired. Please perform a full sync.',
  );
}

function selectMark(select: string | null): string {
  return createHash('sha256')
    .update(select ?? '')
    .digest('hex')
    .slice(0, 8);
}

/** `organization.expirechangetrackingindays`, a setting of the organization's own row. */
function expireDays({ store }: Organization): number {
  for (const row of store.scan('organization', {}, 1))
    return Number(valueIn(row.text, 'expirechangetrackingindays') ?? 7);
  return 7;
}
