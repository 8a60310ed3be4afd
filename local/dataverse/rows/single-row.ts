import { randomUUID } from 'node:crypto';
import { type Answer, type ApiRequest, jsonAnswer } from '../api-request.ts';
import { badQuery, DataverseError, errorCodes, rowNotFound } from '../errors.ts';
import type { Organization } from '../organization.ts';
import { missingPrivilege } from '../privileges.ts';
import type { Table } from '../schema/table.ts';
import { isGuid, sortKey } from '../store/guid-order.ts';
import { rowWriterFor } from './page-json.ts';
import { deleteRow, insertRow, updateRow } from './save-row.ts';
import { selection } from './selection.ts';
import { sentValues } from './sent-values.ts';

const bypassPrivilege = 'prvBypassCustomBusinessLogic';

/** One row by its id. `If-None-Match` with the row's tag gives 304, unless annotations were asked for. */
export function readRow(organization: Organization, table: Table, id: string, request: ApiRequest): Answer {
  const key = keyOf(id);
  const chosen = selection(organization.schema, table, request.query.get('$select'));
  const row = organization.store.get(table.name, key);
  if (!row) throw rowNotFound(table.name, id);
  const tag = `W/"${row.version}"`;
  if (request.headers['if-none-match'] === tag && !request.prefer.annotations)
    return { status: 304, headers: { ETag: tag } };
  const json = rowWriterFor(organization, request, chosen)(row);
  const context = `${request.root}/$metadata#${table.set}${chosen.list}/$entity`;
  return jsonAnswer(`{"@odata.context":${JSON.stringify(context)},${json.slice(1)}`, { ETag: tag });
}

/** POST to a collection. */
export function createRow(organization: Organization, table: Table, request: ApiRequest): Answer {
  checkWrite(organization, table, request, 'Create');
  return writing(organization, request, () => {
    const values = sentValues(organization, table, request.body, true);
    const id = values.get(table.id)?.slice(1, -1) ?? randomUUID();
    if (organization.store.get(table.name, sortKey(id)))
      throw new DataverseError(
        412,
        errorCodes.duplicateKey,
        'A record with matching key values already exists.',
      );
    insertRow(organization, table, values.set(table.id, `"${id}"`), request.caller.userId);
    return written(organization, table, id, request, 201);
  });
}

/** PATCH: an update, guarded by `If-Match` if it is sent; without it an unknown id is created (upsert). */
export function patchRow(organization: Organization, table: Table, id: string, request: ApiRequest): Answer {
  checkWrite(organization, table, request, 'Write');
  const key = keyOf(id);
  return writing(organization, request, () => {
    const row = organization.store.get(table.name, key);
    const match = request.headers['if-match'];
    if (!row && match !== undefined) throw rowNotFound(table.name, id);
    if (row && request.headers['if-none-match'] === '*')
      throw new DataverseError(
        412,
        errorCodes.duplicateKey,
        'A record with matching key values already exists.',
      );
    checkMatch(table, match, row?.version);
    const values = sentValues(organization, table, request.body, !row);
    values.delete(table.id);
    if (row) updateRow(organization, table, key, values, request.caller.userId);
    else insertRow(organization, table, values.set(table.id, `"${id.toLowerCase()}"`), request.caller.userId);
    return written(organization, table, id.toLowerCase(), request, row ? 200 : 201);
  });
}

export function removeRow(organization: Organization, table: Table, id: string, request: ApiRequest): Answer {
  checkWrite(organization, table, request, 'Delete');
  return writing(organization, request, () => {
    const row = organization.store.get(table.name, keyOf(id));
    if (!row) throw rowNotFound(table.name, id);
    checkMatch(table, request.headers['if-match'], row.version);
    deleteRow(organization, table, row.key, request.caller.userId);
    return { status: 204 };
  });
}

/** One transaction; web hooks are told of it unless the caller has asked to bypass asynchronous logic. */
function writing({ store, webhooks }: Organization, { headers }: ApiRequest, write: () => Answer): Answer {
  const bypassed = String(headers['mscrm.bypassbusinesslogicexecution'] ?? '');
  return webhooks.quietly(/\bCustomAsync\b/i.test(bypassed), () => store.transaction(write));
}

function written(
  organization: Organization,
  table: Table,
  id: string,
  request: ApiRequest,
  status: 200 | 201,
): Answer {
  const headers = { 'OData-EntityId': `${request.root}/${table.set}(${id})` };
  if (!request.prefer.isRepresentationWanted) return { status: 204, headers };
  const answer = readRow(organization, table, id, request);
  return {
    ...answer,
    status,
    headers: { ...answer.headers, ...headers, 'Preference-Applied': 'return=representation' },
  };
}

function checkMatch(table: Table, match: string | undefined, version: number | undefined): void {
  if (match === undefined || match === '*' || version === undefined) return;
  if (!table.hasOptimisticConcurrency)
    throw new DataverseError(
      400,
      errorCodes.concurrencyNotEnabled,
      `Optimistic concurrency isn't enabled for entity type ${table.name}. The IfVersionMatches value of ConcurrencyBehavior can only be used if optimistic concurrency is enabled.`,
    );
  if (match !== `W/"${version}"`)
    throw new DataverseError(
      412,
      errorCodes.versionMismatch,
      "The version of the existing record doesn't match the RowVersion property provided.",
    );
}

function checkWrite(
  { switches }: Organization,
  table: Table,
  request: ApiRequest,
  verb: 'Create' | 'Write' | 'Delete',
): void {
  if (!request.caller.canWrite) throw missingPrivilege(request.caller, verb, table);
  const bypass =
    request.headers['mscrm.bypassbusinesslogicexecution'] ??
    request.headers['mscrm.bypasscustompluginexecution'];
  if (bypass !== undefined && switches.bypassNeedsPrivilege && !request.caller.isAdministrator)
    throw new DataverseError(
      403,
      errorCodes.privilegeDenied,
      `Principal user (Id=${request.caller.userId}, type=8) is missing ${bypassPrivilege} privilege (Id=0ea552b0-a491-4470-9a1b-82068deccf66).`,
    );
}

function keyOf(id: string): string {
  if (!isGuid(id))
    throw badQuery(`Bad Request - Error in query syntax: '${id.slice(0, 60)}' is not a valid Edm.Guid.`);
  return sortKey(id);
}
