import type { ErrorCode } from '../../shared/error-codes.ts';
import { ServiceError } from '../../shared/errors.ts';
import type { ChangePage, Row } from '../../shared/model/change.ts';
import type { Organization } from '../../shared/model/organization.ts';
import type { OptionSet } from '../../shared/model/table-metadata.ts';
import type { Attribute, TableDefinition } from '../../shared/model/table-schema.ts';
import type { Dataverse, Organizations, PageRequest, RowQuery } from '../../shared/ports/dataverse.ts';
import { fakeMetadataChanges, type ToldChanges } from './fake-metadata-changes.ts';

/** How the fake behaves where the real organization's behaviour is not documented. */
export interface FakeDataverseOptions {
  pageSize?: number;
  /** Whether a tracked read's delta link covers changes from the start or only from the end of the read. */
  tokenTime?: 'start' | 'end';
  /** Whether keys are compared in the order of pages, in another one, or not at all. */
  keyFilter?: 'as-sorted' | 'otherwise' | 'refused';
  /** Whether rows can be asked for by columns that have a value. */
  valueFilter?: 'taken' | 'refused';
  /** Whether a link is taken after its entity set was renamed. */
  linksOfOldSet?: 'taken' | 'refused';
  /** Whether the link of a page is taken with other columns than those of the page before. */
  pageColumns?: 'free' | 'bound';
  metadataChanges?: ToldChanges;
}

interface StoredRow {
  readonly id: string;
  readonly version: number;
  readonly values: Readonly<Record<string, string | number | null>>;
}

/** A link is its own state; opaque to everybody else. */
interface LinkState {
  readonly table: string;
  readonly kind: 'rows' | 'tracked-rows' | 'delta';
  readonly since: number;
  readonly upTo: number;
  readonly after: string;
  readonly set: string;
  readonly isTracked: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly withAnyOf?: readonly string[];
  /** Of a page that follows: when the link was made, and for which columns. */
  readonly era?: number;
  readonly columns?: string;
}

/** An attribute that can be read and written and is nothing special, unless said otherwise. */
export const attribute = (
  logicalName: string,
  type: Attribute['type'],
  more: Partial<Attribute> = {},
): Attribute => ({
  logicalName,
  type,
  isPrimaryId: false,
  isPrimaryName: false,
  isLogical: false,
  isValidForRead: true,
  isValidForUpdate: true,
  isValidODataAttribute: true,
  isCalculated: false,
  ...more,
});

/** How the Web API selects the attribute. */
const readName = ({ logicalName, type }: Attribute) =>
  /^(Lookup|Customer|Owner)$/.test(type) ? `_${logicalName}_value` : logicalName;

/** A table of four columns: its key, a name of at most 100 characters, a number, and the version. */
export function smallTable(logicalName: string): TableDefinition {
  return {
    logicalName,
    displayName: logicalName,
    entitySetName: `${logicalName}s`,
    primaryId: `${logicalName}id`,
    isIntersect: false,
    hasChangeTracking: true,
    canTrackChanges: true,
    hasOptimisticConcurrency: true,
    attributes: [
      attribute(`${logicalName}id`, 'Uniqueidentifier', { isPrimaryId: true, isValidForUpdate: false }),
      attribute('name', 'String', { maxLength: 100, isPrimaryName: true }),
      attribute('importsequencenumber', 'Integer'),
      attribute('versionnumber', 'BigInt', { isValidForUpdate: false }),
    ],
  };
}

/** An organization in memory: one version counter, tombstones, keyset pages and delta links, as the real one. */
export function fakeDataverse(
  organization: Organization,
  tables: readonly string[],
  options: FakeDataverseOptions = {},
) {
  const { pageSize = 3, tokenTime = 'start', keyFilter = 'as-sorted' } = options;
  const { valueFilter, linksOfOldSet, pageColumns } = options;
  const changes = fakeMetadataChanges(options.metadataChanges ?? 'of-now');
  const definitions = new Map(tables.map((name) => [name, smallTable(name)]));
  const optionSets = new Map<string, readonly OptionSet[]>();
  const rows = new Map(tables.map((name) => [name, new Map<string, StoredRow>()]));
  const tombstones = new Map(tables.map((name) => [name, new Map<string, number>()]));
  const deletedIds = new Set<string>();
  const administrators = new Set<string>();
  const unreadable = new Set<string>();
  const untracked = new Set<string>();
  let counter = 1000;
  let metadataVersion = 1;
  let oldestToken = 0;
  let pageEra = 0;
  let isStandingStill = false;
  let toldUpTo: number | undefined;
  let staleVersion: number | undefined;
  const told = () => toldUpTo ?? counter;
  const faults: ServiceError[] = [];

  const of = <T>(map: ReadonlyMap<string, T>, table: string): T => {
    const found = map.get(table);
    if (found === undefined)
      throw new ServiceError('DATAVERSE_TABLE_MISSING', `Cannot read table "${table}": there is none.`);
    return found;
  };
  const json = (table: string, row: StoredRow, query: RowQuery): Row => ({
    '@odata.etag': `W/"${row.version}"`,
    ...Object.fromEntries(query.columns.map((column) => [column, row.values[column] ?? null])),
    [`${table}id`]: row.id,
    versionnumber: row.version,
  });

  const refuseUnlessWhole = (table: string) => {
    if (!unreadable.has(table)) return;
    throw new ServiceError('DATAVERSE_PRIVILEGE_MISSING', `Cannot read table "${table}": not all of it.`);
  };
  const sortKey = (key: string) =>
    keyFilter === 'otherwise' ? [...key].map((digit) => (Number.parseInt(digit, 16) * 7) % 16).join() : key;
  const isWithin = ({ id, values }: StoredRow, { from, to, withAnyOf }: LinkState) =>
    (from === undefined || sortKey(id) >= sortKey(from)) &&
    (to === undefined || sortKey(id) < sortKey(to)) &&
    (withAnyOf === undefined || withAnyOf.some((column) => (values[column] ?? null) !== null));

  /** Rows are found by the set that the table has now. */
  const rowsOf = ({ logicalName, entitySetName }: RowQuery['table']) => {
    if (of(definitions, logicalName).entitySetName !== entitySetName)
      throw new ServiceError(
        'DATAVERSE_TABLE_MISSING',
        `Cannot read "${entitySetName}": there is no such set.`,
      );
    return of(rows, logicalName);
  };

  const readPage = async ({ query, ...request }: PageRequest): Promise<ChangePage> => {
    const fault = faults.shift();
    if (fault) throw fault;
    const table = query.table.logicalName;
    const state: LinkState =
      'link' in request
        ? (JSON.parse(request.link) as LinkState)
        : {
            ...{ ...request, table, since: 0, upTo: told(), after: '' },
            ...{ set: query.table.entitySetName, isTracked: request.kind === 'tracked-rows' },
          };
    const all = rowsOf(query.table);
    refuseUnlessWhole(table);
    if (state.isTracked && untracked.has(table))
      throw new ServiceError('DATAVERSE_TRACKING_OFF', `Cannot follow table "${table}": it is not tracked.`);
    const known = of(definitions, table).attributes.map(readName);
    const unknown = query.columns.find((column) => !known.includes(column));
    if (unknown !== undefined)
      throw new ServiceError('DATAVERSE_REQUEST_REFUSED', `Cannot read table "${table}": no "${unknown}".`);
    const columns = query.columns.join();
    const isBound = pageColumns === 'bound' && state.columns !== columns;
    const isOfOldSet = linksOfOldSet === 'refused' && state.set !== query.table.entitySetName;
    if (isOfOldSet || (request.kind === 'next' && (state.era !== pageEra || isBound)))
      throw new ServiceError(
        'DATAVERSE_DELTA_TOKEN_EXPIRED',
        `Cannot follow table "${table}": the link is void.`,
      );
    const linkOf = (after: string, more: Partial<LinkState> = {}) =>
      JSON.stringify({ ...state, ...more, after, era: pageEra, columns });
    if (keyFilter === 'refused' && (state.from ?? state.to) !== undefined)
      throw new ServiceError('DATAVERSE_REQUEST_REFUSED', `Cannot read table "${table}": no filter by key.`);
    if (valueFilter === 'refused' && state.withAnyOf)
      throw new ServiceError('DATAVERSE_REQUEST_REFUSED', `Cannot read table "${table}": no such filter.`);
    if (state.kind === 'delta') {
      if (state.since < oldestToken)
        throw new ServiceError(
          'DATAVERSE_DELTA_TOKEN_EXPIRED',
          `Cannot follow table "${table}": the token is too old.`,
        );
      const upTo = state.after === '' ? told() : state.upTo;
      const changed = [...all.values()].filter((row) => row.version > state.since && row.version <= upTo);
      const deleted = [...of(tombstones, table)].filter(
        ([, version]) => version > state.since && version <= upTo,
      );
      const entries = [
        ...changed.map((row) => ({ version: row.version, row, deletedId: undefined })),
        ...deleted.map(([deletedId, version]) => ({ version: version + 1e9, row: undefined, deletedId })),
      ].sort((a, b) => a.version - b.version);
      const rest = entries.filter((entry) => entry.version > Number(state.after || 0));
      const page = rest.slice(0, pageSize);
      const last = page.at(-1);
      const following =
        rest.length > pageSize && last
          ? ({ kind: 'next', link: linkOf(String(last.version), { upTo }) } as const)
          : ({ kind: 'delta', link: JSON.stringify({ ...state, since: upTo, upTo, after: '' }) } as const);
      const live = page.flatMap((entry) => (entry.row ? [json(table, entry.row, query)] : []));
      const liveIds = new Set(live.map((row) => row[`${table}id`]));
      const gone = page.flatMap((entry) => entry.deletedId ?? []).filter((id) => !liveIds.has(id));
      return { rows: live, deletedIds: gone, following };
    }
    const rest = [...all.values()]
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .filter((row) => row.id > state.after && isWithin(row, state));
    const page = rest.slice(0, pageSize);
    const following =
      rest.length > pageSize
        ? ({ kind: 'next', link: linkOf(page.at(-1)?.id ?? '') } as const)
        : state.kind === 'tracked-rows'
          ? ({
              kind: 'delta',
              link: JSON.stringify({
                table,
                kind: 'delta',
                set: state.set,
                isTracked: true,
                since: tokenTime === 'start' ? state.upTo : told(),
                upTo: 0,
                after: '',
              }),
            } as const)
          : ({ kind: 'end' } as const);
    return { rows: page.map((row) => json(table, row, query)), deletedIds: [], following };
  };

  const dataverse: Dataverse = {
    organization: async () => organization,
    tables: async () => [...definitions.values()],
    relationships: async () => [],
    tablesWithoutRead: async (names) => names.filter((name) => unreadable.has(name)),
    tableDefinition: async (name) => of(definitions, name),
    optionSets: async ({ logicalName }) => optionSets.get(logicalName) ?? [],
    metadataVersion: async () => String(staleVersion ?? metadataVersion),
    metadataChanges: async (name, since) => changes.tell(name, since, metadataVersion, staleVersion),
    readPage,
    deltaTokenDays: async () => 7,
    newestChange: async (name) => {
      const versions = [...of(rows, name).values()].map(({ version }) => version);
      return versions.length === 0 ? undefined : { version: String(Math.max(...versions)) };
    },
    rowCounts: async (names) => new Map(names.map((name) => [name, of(rows, name).size])),
    readRows: async (query, ids) => {
      const all = rowsOf(query.table);
      const found = ids.flatMap((id) => all.get(id) ?? []);
      if (found.length < ids.length) refuseUnlessWhole(query.table.logicalName);
      return found.map((row) => json(query.table.logicalName, row, query));
    },
    writeRow: async (table, id, etag, values) => {
      const row = of(rows, table.logicalName).get(id);
      if (!row) return { kind: 'gone' };
      if (etag !== `W/"${row.version}"`) return { kind: 'changed' };
      if (isStandingStill) return { kind: 'written', version: String(row.version) };
      counter += 1;
      const written = { ...row.values, ...(values as StoredRow['values']) };
      of(rows, table.logicalName).set(id, { id, version: counter, values: written });
      return { kind: 'written', version: String(counter) };
    },
    isSystemAdministrator: async (objectId) => administrators.has(objectId),
    isEnabledUser: async () => true,
  };

  return {
    dataverse,
    administrators,
    /** Tables that the app's identity may not read as a whole. */
    unreadable,
    /** The identity loses the privilege to read the whole table, or gets it back. */
    readsAll(table: string, isAll: boolean): void {
      if (isAll) unreadable.delete(table);
      else unreadable.add(table);
    },
    /** The next reads fail with these. */
    faults,
    /** The next read fails so, and asks to wait so long. */
    fail(code: ErrorCode, retryAfterSeconds: number): void {
      faults.push(new ServiceError(code, 'Cannot read the table: a fault.', { retryAfterSeconds }));
    },
    /** Creates the row, or changes it. */
    put(table: string, id: string, values: Readonly<Record<string, string | number | null>>): void {
      counter += 1;
      const before = of(rows, table).get(id)?.values;
      of(rows, table).set(id, { id, version: counter, values: { ...before, ...values } });
    },
    delete(table: string, id: string): void {
      counter += 1;
      if (!of(rows, table).delete(id)) return;
      if (!untracked.has(table)) of(tombstones, table).set(id, counter);
      deletedIds.add(id);
    },
    /** Ids of rows that were deleted at any time, of whatever table. */
    deletedIds: deletedIds as ReadonlySet<string>,
    /** Makes every delta link handed out so far too old. */
    expireTokens(): void {
      counter += 1;
      oldestToken = counter;
      for (const name of tables) of(tombstones, name).clear();
    },
    /**
     * Changes of the table are tracked no more, or again; what is deleted meanwhile is told by no link. Whether that was
     * otherwise before.
     */
    track(table: string, isOn: boolean): boolean {
      const wasOn = !untracked.has(table);
      if (isOn) untracked.delete(table);
      else untracked.add(table);
      return isOn !== wasOn;
    },
    /** The table is gone with its rows, until it is defined again. */
    remove(table: string): void {
      for (const id of of(rows, table).keys()) deletedIds.add(id);
      definitions.delete(table);
    },
    /** Makes every link of a page handed out so far void. */
    voidPages(): void {
      pageEra += 1;
    },
    /** Every delta link is too old from the start, until this is off again. */
    refuseTokens(isOn: boolean): void {
      oldestToken = isOn ? Number.POSITIVE_INFINITY : 0;
    },
    definition: (table: string): TableDefinition => of(definitions, table),
    /** Writing a row's own value moves its version no more, or again. */
    standStill(isOn: boolean): void {
      isStandingStill = isOn;
    },
    /** Changes from now on can be read but are not told with a delta: an older transaction is open, or it ends. */
    holdChangesBack(isOn: boolean): void {
      toldUpTo = isOn ? told() : undefined;
    },
    /** The metadata's version is told as it is now, whatever changes: a server's cache is old, or is renewed. */
    tellStaleVersion(isOn: boolean): void {
      staleVersion = isOn ? metadataVersion : undefined;
    },
    /** The organization was restored: its metadata's versions begin again. */
    restoreVersion(): void {
      metadataVersion = 1;
      changes.restore();
    },
    define(definition: TableDefinition): void {
      metadataVersion += 1;
      changes.defined(definitions.get(definition.logicalName), definition, metadataVersion);
      if (!definitions.has(definition.logicalName)) rows.set(definition.logicalName, new Map());
      definitions.set(definition.logicalName, definition);
    },
    defineOptions(table: string, sets: readonly OptionSet[]): void {
      metadataVersion += 1;
      changes.changed(table, metadataVersion);
      optionSets.set(table, sets);
    },
    rows: (table: string): ReadonlyMap<string, StoredRow> => of(rows, table),
  };
}

/** Organizations that are all in memory. */
export function fakeOrganizations(
  members: readonly { readonly organization: Organization; readonly dataverse: Dataverse }[],
): Organizations {
  const find = (matches: (organization: Organization) => boolean, asked: string) => {
    const found = members.find((member) => matches(member.organization));
    if (found) return found;
    throw new ServiceError(
      'ORGANIZATION_UNKNOWN',
      `Cannot use organization "${asked}": it is not configured.`,
    );
  };
  const bare = (url: string) => url.toLowerCase().replace(/\/+$/, '');
  return {
    all: async () => members.map((member) => member.organization),
    byId: async (id) => find((organization) => organization.id === id.toLowerCase(), id).organization,
    byUrl: async (url) => find((organization) => bare(organization.url) === bare(url), url).organization,
    dataverse: async (id) => find((organization) => organization.id === id.toLowerCase(), id).dataverse,
  };
}
