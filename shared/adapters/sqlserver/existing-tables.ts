import type { ExistingColumn } from '../../schema/compare-table.ts';
import type { ExistingTable } from '../../schema/table-differences.ts';
import { type Namespace, prefixed } from '../sql/namespace.ts';
import { type CatalogType, typeFromCatalog, typeName } from './column-types.ts';
import { shortened } from './identifiers.ts';
import { type Session, sql } from './session.ts';

interface FoundObject {
  readonly object: number;
  readonly name: string;
  readonly kind: string;
  /** Null when there is none. */
  readonly keyOnId: string | null;
  readonly isOwned: boolean;
  readonly canSelect: boolean;
  readonly canInsert: boolean;
  readonly canUpdate: boolean;
  readonly canDelete: boolean;
}

interface FoundColumn extends CatalogType {
  readonly object: number;
  readonly column: string;
}

const kinds: Readonly<Record<string, string>> = {
  U: 'a table',
  V: 'a view',
  SN: 'a synonym',
  P: 'a procedure',
  SO: 'a sequence',
  PK: 'a constraint',
  UQ: 'a constraint',
  F: 'a constraint',
  C: 'a constraint',
  D: 'a constraint',
  TR: 'a trigger',
};

/** Names a statement looks for at most: each is a parameter, of which a statement takes 2,100. */
const namesPerStatement = 500;

const may = (permission: string) =>
  `CONVERT(bit, COALESCE(HAS_PERMS_BY_NAME(QUOTENAME(n.[name]) + N'.' + QUOTENAME(o.[name]), N'OBJECT', N'${permission}'), 0))`;

const objectsQuery = (
  among: string,
) => `SELECT o.[object_id] AS [object], o.[name], RTRIM(o.[type]) AS [kind],
    ${may('ALTER')} AS [isOwned], ${may('SELECT')} AS [canSelect], ${may('INSERT')} AS [canInsert],
    ${may('UPDATE')} AS [canUpdate], ${may('DELETE')} AS [canDelete],
    (SELECT TOP (1) MAX(i.[name]) FROM sys.indexes AS i
      INNER JOIN sys.index_columns AS k ON k.[object_id] = i.[object_id] AND k.[index_id] = i.[index_id]
      INNER JOIN sys.columns AS c ON c.[object_id] = k.[object_id] AND c.[column_id] = k.[column_id]
      WHERE i.[object_id] = o.[object_id] AND i.[is_unique] = 1 AND i.[has_filter] = 0 AND i.[is_disabled] = 0
        AND k.[is_included_column] = 0
      GROUP BY i.[index_id], i.[is_primary_key] HAVING COUNT(*) = 1 AND MAX(c.[name]) = N'Id'
      ORDER BY i.[is_primary_key] DESC) AS [keyOnId]
  FROM sys.objects AS o INNER JOIN sys.schemas AS n ON n.[schema_id] = o.[schema_id]
  WHERE n.[name] = @schema AND o.[name] IN (${among})`;

const columnsQuery = (among: string) => `SELECT o.[object_id] AS [object], c.[name] AS [column], t.[name],
    CONVERT(int, c.[max_length]) AS [maxLength], CONVERT(int, c.[precision]) AS [precision], CONVERT(int, c.[scale]) AS [scale]
  FROM sys.objects AS o INNER JOIN sys.schemas AS n ON n.[schema_id] = o.[schema_id]
  INNER JOIN sys.columns AS c ON c.[object_id] = o.[object_id]
  INNER JOIN sys.types AS t ON t.[user_type_id] = c.[system_type_id]
  WHERE n.[name] = @schema AND o.[name] IN (${among}) ORDER BY o.[object_id], c.[column_id]`;

/** What exists of these tables, by their names without prefix, read from the catalog. */
export async function existingTables(
  session: Session,
  namespace: Namespace,
  tables: readonly string[],
): Promise<ReadonlyMap<string, ExistingTable>> {
  const found = new Map<string, ExistingTable>();
  for (let start = 0; start < tables.length; start += namesPerStatement) {
    const some = tables.slice(start, start + namesPerStatement);
    for (const [table, existing] of await lookUp(session, namespace, some)) found.set(table, existing);
  }
  return found;
}

async function lookUp(session: Session, namespace: Namespace, tables: readonly string[]) {
  const stored = tables.map((table) => shortened(prefixed(namespace, table)));
  const among = stored.map((_, index) => `@n${index}`).join(', ');
  const parameters = [
    sql.text('schema', shortened(namespace.schema)),
    ...stored.map((name, index) => sql.text(`n${index}`, name)),
  ];
  const objects = await session.query<FoundObject>(objectsQuery(among), parameters);
  const columns = await session.query<FoundColumn>(columnsQuery(among), parameters);
  const columnsOf = Map.groupBy(columns.rows, ({ object }) => object);
  return objects.rows.flatMap((row) => {
    // Where the server takes no notice of case, it finds names in any.
    const isNamed = (name: string) => name === row.name || name.toLowerCase() === row.name.toLowerCase();
    const exact = stored.indexOf(row.name);
    const table = tables[exact >= 0 ? exact : stored.findIndex(isNamed)];
    return table === undefined ? [] : [[table, fromFound(row, columnsOf.get(row.object) ?? [])] as const];
  });
}

function fromFound(row: FoundObject, columns: readonly FoundColumn[]): ExistingTable {
  const privileges = [
    ['SELECT', row.canSelect],
    ['INSERT', row.canInsert],
    ['UPDATE', row.canUpdate],
    ['DELETE', row.canDelete],
  ] as const;
  return {
    isTable: row.kind === 'U',
    kind: kinds[row.kind] ?? 'another object',
    keyOnId: row.keyOnId ?? undefined,
    isOwned: row.isOwned,
    missingPrivileges: privileges.filter(([, isGranted]) => !isGranted).map(([name]) => name),
    columns: columns.map(({ column, ...type }) => ({
      name: column,
      type: typeFromCatalog(type),
      typeName: typeName(type),
    })),
    columnCount: columns.length,
  };
}

/** What exists of one table; undefined when nothing has the name. */
export async function existingTable(
  session: Session,
  namespace: Namespace,
  table: string,
): Promise<ExistingTable | undefined> {
  return (await existingTables(session, namespace, [table])).get(table);
}

/**
 * Columns of a table that exists, those in the spelling of `names` that differ from it only in case: most databases take them
 * for the same, and refuse to add another. A database that tells them apart says that a column is missing when it is written.
 */
export function spelledAs(
  columns: readonly ExistingColumn[],
  names: readonly string[],
): readonly ExistingColumn[] {
  const present = new Set(columns.map(({ name }) => name));
  const wanted = new Map(
    names.filter((name) => !present.has(name)).map((name) => [name.toLowerCase(), name]),
  );
  return columns.map((column) => ({ ...column, name: wanted.get(column.name.toLowerCase()) ?? column.name }));
}

/** Whether anything has the name, a quoted full one. */
export async function isThere(session: Session, name: string): Promise<boolean> {
  const found = await session.query<{ isThere: boolean }>(
    'SELECT CONVERT(bit, CASE WHEN OBJECT_ID(@name) IS NULL THEN 0 ELSE 1 END) AS [isThere]',
    [sql.text('name', name)],
  );
  return found.rows[0]?.isThere === true;
}
