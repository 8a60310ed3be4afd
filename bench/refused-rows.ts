import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startDatabase } from '../local/database/start-database.ts';
import { postgresDestinations } from '../shared/adapters/postgres/destination.ts';
import type { Row } from '../shared/model/change.ts';
import type { ColumnType, DestinationTable } from '../shared/model/table-schema.ts';
import type { PageWrite } from '../shared/ports/destination.ts';
import { figure, printFigures } from './print-figures.ts';

const rounds = Number(process.argv[2] ?? 3);
const pageSize = 5000;

const kinds = [
  { kind: 'text', maxLength: 100 },
  { kind: 'integer' },
  { kind: 'decimal', scale: 4 },
  { kind: 'datetime' },
] as const;
const values = ['twenty characters on', 7, '1234.5678', '2026-11-23T10:00:00Z'] as const;

function tableOf(name: string, types: readonly ColumnType[]): DestinationTable {
  const columns = types.map((type, number) => ({ name: `column${number}`, type, source: `column${number}` }));
  const text = { name: 'name', type: { kind: 'text', maxLength: 40 }, source: 'name' } as const;
  const version = { name: 'versionnumber', type: { kind: 'bigint' }, source: 'versionnumber' } as const;
  return { name, idSource: 'id', columns: [text, version, ...columns] };
}

const account = tableOf(
  'account',
  Array.from({ length: 190 }, (_, number) => kinds[number % 4] ?? kinds[0]),
);
const filled: Row = Object.fromEntries(
  Array.from({ length: 120 }, (_, number) => [`column${number}`, values[number % 4] ?? null]),
);
/** Texts that are kept in their row: all of them are more than one can hold. */
const short = tableOf('short', Array(450).fill({ kind: 'text', maxLength: 20 }));
const wide: Row = Object.fromEntries(
  Array.from({ length: 450 }, (_, number) => [`column${number}`, 'x'.repeat(20)]),
);
const idOf = (row: number) => `00000000-0000-4000-8000-${String(row).padStart(12, '0')}`;

/** A page in which so many rows, all over it, differ. */
function page(badCount: number, bad: Row): readonly Row[] {
  const isBad = (row: number) =>
    Math.floor((row * badCount) / pageSize) !== Math.floor(((row + 1) * badCount) / pageSize);
  return Array.from({ length: pageSize }, (_, row) => ({
    id: idOf(row),
    name: `account ${row}`,
    versionnumber: row + 1,
    ...filled,
    ...(isBad(row) && bad),
  }));
}

/** From here on counts the questions to the database, each of which is a journey. */
function countQueries(): () => number {
  let count = 0;
  const prototype: { query(...given: unknown[]): unknown } = pg.Client.prototype;
  const { query } = prototype;
  prototype.query = function (this: unknown, ...given) {
    count += 1;
    return query.apply(this, given);
  };
  return () => count;
}

const folder = mkdtempSync(join(tmpdir(), 'refused-rows-'));
const database = await startDatabase({ folder: join(folder, 'data') });
const admin = new pg.Client({ connectionString: database.url });
await admin.connect();
const destination = postgresDestinations().open(database.exporterUrl, { schema: 'dbo', prefix: '' });
await destination.ensureSystemTables({ hasDeleteLog: true });
for (const table of [account, short]) await destination.ensureTable(table);
const owner = { profileId: idOf(1), activation: 1 };
const queries = countQueries();

interface Measured {
  readonly table?: DestinationTable;
  readonly what: string;
  readonly write: Partial<PageWrite>;
  /** SQL that makes it so; the table is empty before, and has all rows when they are to be deleted. */
  readonly disturb?: string;
}

async function measure({ table = account, what, write, disturb = '' }: Measured): Promise<readonly string[]> {
  const seconds: number[] = [];
  let statements = 0;
  let outcome = '';
  for (let round = 0; round < rounds; round += 1) {
    await admin.query('TRUNCATE dbo.account, dbo.short, dbo."ReplicationRejectedRow" CASCADE');
    const at = new Date();
    const rest = {
      table,
      advance: {},
      mode: 'newer',
      isDeleteLogged: true,
      readAt: at,
      nextAttemptAt: at,
    } as const;
    const given = { ...rest, rows: [], deletedIds: [], ...write };
    if (given.deletedIds.length > 0)
      await destination.writePage({
        ...rest,
        turn: (await destination.claim(table.name, owner)).checkpoint,
        rows: page(0, {}),
        deletedIds: [],
      });
    await admin.query(disturb);
    const { checkpoint: turn } = await destination.claim(table.name, owner);
    const before = queries();
    const start = performance.now();
    outcome = await destination.writePage({ ...given, turn }).then(
      ({ rejected }) => figure(rejected.length),
      (error) => error.code,
    );
    seconds.push((performance.now() - start) / 1000);
    statements = queries() - before;
    await admin.query(
      'ALTER TABLE dbo.account DROP CONSTRAINT IF EXISTS none; DROP TABLE IF EXISTS dbo.referring',
    );
  }
  const [median = 0] = seconds.sort((a, b) => a - b).slice(rounds >> 1);
  return [what, outcome, figure(median), figure(Math.max(...seconds)), `${statements}`];
}

const long = { name: 'x'.repeat(50) };
const ids = Array.from({ length: pageSize }, (_, row) => idOf(row));
const refer = (count: number) =>
  `CREATE TABLE dbo.referring (id uuid REFERENCES dbo.account);
   INSERT INTO dbo.referring SELECT "Id" FROM dbo.account LIMIT ${count}; CREATE INDEX ON dbo.referring (id)`;
const none = 'ALTER TABLE dbo.account ADD CONSTRAINT none CHECK (name IS NULL)';
const cases: readonly Measured[] = [
  { what: 'a clean page', write: { rows: page(0, {}) } },
  ...[1, 50, 500, 5000].map((count) => ({
    what: `${figure(count)} with a text that is too long`,
    write: { rows: page(count, long) },
  })),
  ...[0, 50, 5000].map((count) => ({
    what: `450 texts a row, ${figure(count)} wider than a row can be`,
    table: short,
    write: { rows: page(count, wide) },
  })),
  { what: 'a table that refuses every row', write: { rows: page(0, {}) }, disturb: none },
  ...[0, 50, 5000].map((count) => ({
    what: `5,000 deletes, ${figure(count)} of them refused`,
    write: { deletedIds: ids },
    disturb: refer(count),
  })),
];

try {
  const lines: (readonly string[])[] = [];
  for (const each of cases) lines.push(await measure(each));
  const header = ['a page of 5,000 rows', 'refused', 'seconds', 'most', 'statements'];
  printFigures(`Refused rows, median of ${rounds}`, header, lines);
} finally {
  await destination.close();
  await admin.end();
  await database.close();
  rmSync(folder, { recursive: true, force: true });
}
