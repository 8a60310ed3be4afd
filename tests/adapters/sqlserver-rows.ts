import { type CatalogType, typeFromCatalog } from '../../shared/adapters/sqlserver/column-types.ts';
import { inTransaction, type SessionPool } from '../../shared/adapters/sqlserver/connection.ts';
import { quoted } from '../../shared/adapters/sqlserver/identifiers.ts';
import { sql } from '../../shared/adapters/sqlserver/session.ts';
import { canonicalValue } from '../../shared/schema/values.ts';

/** Every row of a table (a quoted name), every value as the text that the server makes of it. */
export async function canonicalRows(
  pool: SessionPool,
  table: string,
): Promise<readonly Record<string, string | null>[]> {
  return inTransaction(pool, 'look', async (session) => {
    const { rows: columns } = await session.query<CatalogType & { readonly column: string }>(
      `SELECT c.name AS [column], t.name, CONVERT(int, c.max_length) AS maxLength,
         CONVERT(int, c.precision) AS precision, CONVERT(int, c.scale) AS scale
       FROM sys.columns c JOIN sys.types t ON t.user_type_id = c.system_type_id
       WHERE c.object_id = OBJECT_ID(@table) ORDER BY c.column_id`,
      [sql.text('table', table)],
    );
    // The names are those of the answer: some servers that speak T-SQL tell them in lower case in their catalog.
    const texts = columns.map(
      ({ column, name }, index) => `${textOf(name, quoted(column))} AS [text ${index}]`,
    );
    const { rows } = await session.query<Record<string, string | null>>(
      `SELECT *, ${texts.join(', ')} FROM ${table}`,
    );
    return rows.map((row) => {
      const names = Object.keys(row);
      return Object.fromEntries(
        columns.map((catalogType, index) => {
          const type = typeFromCatalog(catalogType);
          if (type === undefined) throw new Error(`unexpected type ${catalogType.name}`);
          return [names[index], canonicalValue(type, row[`text ${index}`] ?? null)];
        }),
      );
    });
  });
}

function textOf(type: string, name: string): string {
  // Babelfish has a blank where style 126 of SQL Server has a T, for datetime2.
  if (type.startsWith('datetime')) return `REPLACE(CONVERT(nvarchar(40), ${name}, 126), N' ', N'T') + N'Z'`;
  if (type === 'bit') return `CASE ${name} WHEN 1 THEN N'true' WHEN 0 THEN N'false' END`;
  if (type === 'uniqueidentifier') return `LOWER(CONVERT(nvarchar(36), ${name}))`;
  return `CONVERT(nvarchar(max), ${name})`;
}
