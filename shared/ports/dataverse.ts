import type { ChangePage, Row, RowValue } from '../model/change.ts';
import type { Organization } from '../model/organization.ts';
import type { OptionSet } from '../model/table-metadata.ts';
import type { Relationship, TableDefinition, TableSummary } from '../model/table-schema.ts';

/** Which columns of which table to read; `columns` are member names as the Web API selects them (`_ownerid_value`). */
export interface RowQuery {
  readonly table: Pick<TableDefinition, 'logicalName' | 'entitySetName' | 'primaryId'>;
  readonly columns: readonly string[];
  /** Asks for lookup table names and formatted values beside the columns. */
  readonly hasAnnotations: boolean;
}

/**
 * What to read: the first page of all rows (`rows`), or of those with keys from `from` on and before `to` as the server
 * compares them, or of those with a value in any of the columns `withAnyOf` (`DATAVERSE_REQUEST_REFUSED` where it does not);
 * all rows with a delta link at the end (`tracked-rows`);
 * the page of a `next` link; or what changed since a `delta` link. A delta is asked with the columns of the query, not with
 * those of the request that made the link.
 */
export type PageRequest =
  | {
      readonly kind: 'rows';
      readonly query: RowQuery;
      readonly from?: string;
      readonly to?: string;
      readonly withAnyOf?: readonly string[];
    }
  | { readonly kind: 'tracked-rows'; readonly query: RowQuery }
  | { readonly kind: 'next' | 'delta'; readonly query: RowQuery; readonly link: string };

/** What of a table's metadata was made, changed or deleted since a stamp. */
export interface MetadataChanges {
  /** Opaque, a point in time of the organization: what changes after this answer is told since it. */
  readonly stamp: string;
  /** Whether anything of the table was made or changed: its own facts, columns, options, labels, relationships. */
  readonly isChanged: boolean;
  /** Metadata ids, in lower case, of columns that were deleted, of whatever table. */
  readonly deletedIds: readonly string[];
}

/** A decimal text, and when. */
export interface NewestChange {
  readonly version: string;
  readonly changedAt?: string;
}

/** What a write does not start: the organization's own plug-ins and workflows, which needs a privilege, or its flows. */
export type KeptQuiet = 'plug-ins' | 'flows';

/** How a write with `If-Match` ended. */
export type WriteOutcome =
  | { readonly kind: 'written'; readonly version: string }
  /** Somebody changed the row meanwhile (412). */
  | { readonly kind: 'changed' }
  /** The row is no more (404). */
  | { readonly kind: 'gone' };

/**
 * The Web API of one organization, called with the app's own identity. Throttling, passing server errors and resets are
 * waited out and tried again inside a bound; what remains fails with one of the `DATAVERSE_*` codes.
 * Links are followed only to the organization's own origin.
 */
export interface Dataverse {
  organization(): Promise<Organization>;
  tables(): Promise<readonly TableSummary[]>;
  /** The many-to-many relationships. */
  relationships(): Promise<readonly Relationship[]>;
  /**
   * Those of the tables that the app's own identity cannot read as a whole: the privilege is missing, or does not reach
   * over the whole organization, so that rows would be left out unseen.
   */
  tablesWithoutRead(tables: readonly string[]): Promise<readonly string[]>;
  /** Read afresh, not from Dataverse's metadata cache. `DATAVERSE_TABLE_MISSING` when there is none. */
  tableDefinition(logicalName: string): Promise<TableDefinition>;
  /**
   * The options of the table's choices, states, statuses and booleans, in all languages; read afresh. One request for each of
   * these types that the table has.
   */
  optionSets(table: TableDefinition): Promise<readonly OptionSet[]>;
  /** Grows with every change of any table's columns, options or labels, a decimal text; undefined where the organization does not tell. */
  metadataVersion(): Promise<string | undefined>;
  /**
   * What changed of the table since the stamp of an earlier answer about any table, asked afresh, in one request with a small
   * answer; without `since` only a stamp is wanted. Undefined where the organization does not tell: the stamp has expired, or it
   * does not answer this. Then the definition tells, so only `DATAVERSE_THROTTLED` is thrown.
   */
  metadataChanges(logicalName: string, since?: string): Promise<MetadataChanges | undefined>;
  /** How long the organization takes a delta link, in days; undefined where it does not tell. */
  deltaTokenDays(): Promise<number | undefined>;
  /**
   * `DATAVERSE_DELTA_TOKEN_EXPIRED` when the link is void. Rows are never left out because they may not be read, here and in
   * `readRows`: that is `DATAVERSE_PRIVILEGE_MISSING`.
   */
  readPage(request: PageRequest): Promise<ChangePage>;
  /** The rows with these ids that exist, in any order; many ids a request. Each carries `@odata.etag`. */
  readRows(query: RowQuery, ids: readonly string[]): Promise<readonly Row[]>;
  /**
   * The newest change of a table's rows that are there: its version, and when it happened (ISO 8601) where the table tells.
   * Undefined for an empty table. Dataverse sorts the whole table for it.
   */
  newestChange(logicalName: string): Promise<NewestChange | undefined>;
  /** Rows of each table as of some time in the last 24 hours; one request for many tables. */
  rowCounts(tables: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /**
   * PATCH of an existing row, guarded by its etag. Never creates a row. Gives way to reads: where these wait because
   * Dataverse throttles, a write fails at once. `DATAVERSE_PRIVILEGE_MISSING` also where plug-ins may not be kept quiet.
   */
  writeRow(
    table: RowQuery['table'],
    id: string,
    etag: string,
    values: Readonly<Record<string, RowValue>>,
    keptQuiet?: readonly KeptQuiet[],
  ): Promise<WriteOutcome>;
  /** Whether the enabled user with this Entra object id is System Administrator, by own or team role. */
  isSystemAdministrator(objectId: string): Promise<boolean>;
  /** Whether an enabled user with this Entra object id exists in the organization. */
  isEnabledUser(objectId: string): Promise<boolean>;
}

/** The organizations that this service is configured for. */
export interface Organizations {
  all(): Promise<readonly Organization[]>;
  /** `ORGANIZATION_UNKNOWN` for others. Ids and URLs are compared without case; a trailing slash does not matter. */
  byId(organizationId: string): Promise<Organization>;
  byUrl(organizationUrl: string): Promise<Organization>;
  dataverse(organizationId: string): Promise<Dataverse>;
}
