import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { sqlServerDestination } from '../../shared/adapters/sqlserver/destination.ts';
import type { DestinationTable } from '../../shared/model/table-schema.ts';
import type { PageWrite } from '../../shared/ports/destination.ts';
import { fullMetadata } from '../contracts/destination-metadata.ts';
import { aTable, idOf, later, readAt, rowOf } from '../contracts/destination-start.ts';
import { type Played, playedServer } from './recorded-statements.ts';

const tool = process.env.TSQL_CHECK ?? '../shared/tools/tsql-check/run';

const hostile = ['a]b', "a'b", 'a"b', '[a]', 'select', 'ä ö', '] DROP TABLE x --', '😀', 'a'.repeat(200)];
const shapes: readonly DestinationTable[] = [
  aTable,
  { ...aTable, columns: [] },
  {
    ...aTable,
    name: 'o\'ne ]of[ "them',
    columns: [
      ...hostile.map((name) => ({ name, type: { kind: 'text', maxLength: 9 } as const, source: name })),
      ...aTable.columns,
    ],
  },
  {
    ...aTable,
    columns: [
      ...Array.from({ length: 1000 }, (_, index) => ({
        name: `column_${index}`,
        type: (index % 2 === 0 ? { kind: 'text', maxLength: 100 } : { kind: 'decimal', scale: 4 }) as never,
        source: `column_${index}`,
      })),
      ...aTable.columns,
    ],
  },
];
const namespaces = [
  { schema: 'dbo', prefix: '' },
  { schema: 'dbo', prefix: 'des' },
  { schema: 'a] "schema" \'x\'', prefix: 'p_' },
];

const owner = { profileId: idOf(1), activation: 1 };
const turn = { epoch: 1, sequence: 0 };
const rest = { nextAttemptAt: later, readAt };

/** The columns of a table that is narrower in each of its columns, or lacks it. */
function narrower({ columns }: DestinationTable, isLacking: boolean) {
  return columns
    .filter((_, index) => !isLacking || index % 2 === 0)
    .map(({ name, type }) => ({
      object: 1,
      column: name,
      name: type.kind === 'decimal' ? 'int' : type.kind === 'text' ? 'nvarchar' : 'uniqueidentifier',
      maxLength: 2,
      precision: 0,
      scale: 0,
    }));
}

const present = {
  object: 1,
  kind: 'U',
  hasKey: true,
  isOwned: true,
  canSelect: true,
  canInsert: true,
  canUpdate: true,
  canDelete: true,
};

/** Every call of the port, in every way that leads to other statements. */
async function everything(table: DestinationTable, namespace: (typeof namespaces)[number]) {
  const played: Played = { objects: [], columns: [], refusedWith: undefined, hasCheckpoint: false };
  const { pool, sent } = playedServer(played);
  const destination = sqlServerDestination({ pool, testPool: pool }, namespace, async () => undefined);
  const { name } = table;
  const rows = Array.from({ length: 30 }, (_, index) =>
    rowOf(index, index, Object.fromEntries(table.columns.map((column) => [column.source ?? '', '7']))),
  ).map((row, index) => ({
    ...row,
    _ownerid_value: idOf(1),
    createdon: '2026-01-01',
    donotphone: true,
    versionnumber: index,
  }));
  const bare = rows.map((_, index) => ({ accountid: idOf(index) }));
  await destination.ensureSystemTables({ hasDeleteLog: true });
  await destination.ensureTable(table);
  await destination.test([table]);
  const widenable = {
    ...table,
    columns: table.columns.slice(0, 40).filter(({ type }) => /text|decimal/.test(type.kind)),
  };
  played.objects = [{ ...present, name: namespace.prefix === '' ? name : `${namespace.prefix}_${name}` }];
  for (const isLacking of [false, true]) {
    played.columns = narrower(widenable, isLacking);
    await destination.ensureTable(widenable);
    await destination.test([widenable]);
  }
  for (played.hasCheckpoint of [false, true]) await destination.claim(name, { ...owner, activation: 2 });
  await destination.claim(name, { profileId: idOf(2), activation: 1, replaces: idOf(1) });
  await destination.restart(name, turn);
  for (const mode of ['newer', 'reload'] as const)
    for (const isDeleteLogged of [false, true])
      for (const refusedWith of [undefined, 547, 50_000])
        for (const given of [rows, bare]) {
          played.refusedWith = refusedWith;
          const page: PageWrite = {
            ...{ table, turn, mode, isDeleteLogged, ...rest },
            rows: given,
            deletedIds: [idOf(1), idOf(2)],
            advance: { link: 'x', rowsLoaded: 1, needsSweep: true },
          };
          await destination.writePage(page);
          await destination.wouldTake(table, { rows: given, goneIds: [idOf(1)] });
          await destination.sweep({
            ...{ table, turn, isDeleteLogged },
            before: readAt,
            limit: 5,
            advance: {},
            sweptAt: later,
          });
        }
  played.refusedWith = undefined;
  const tried = await destination.dueRejectedRows(name, later, 10);
  await destination.writeRetries({
    ...{ table, turn, tried, rows, ...rest },
    goneIds: [idOf(2)],
    isDeleteLogged: true,
  });
  await destination.writeRetries({
    ...{ table, turn, tried, ...rest },
    rows: [],
    goneIds: [],
    isDeleteLogged: true,
  });
  await destination.giveUpRejectedRows(name, tried, later);
  for (const scope of [{ kind: 'failed' }, { kind: 'table' }, { kind: 'rows', ids: [idOf(1)] }] as const)
    await destination.resync(name, { profileId: owner.profileId, scope, at: later });
  await destination.metadataMark(name);
  for (const table of ['account', name]) await destination.writeMetadata({ ...fullMetadata, table });
  await destination.advance(name, turn, { deltaLink: 'x', phase: 'delta' });
  await Promise.all([
    destination.checkpoint(name),
    destination.nextAttemptAt(name),
    destination.lastWrittenAt(name),
  ]);
  await Promise.all([
    destination.rowCount(name),
    destination.rowVersions(name, [idOf(1)]),
    destination.owners([name]),
  ]);
  await Promise.all([destination.idsAfter(name, idOf(1), 5), destination.idsAfter(name, undefined, 5)]);
  await destination.rejectedAmong(name, [idOf(1)]);
  return sent;
}

it('has every batch in the grammar of SQL Server 2016 and within its limits', async (context) => {
  const batches = new Map<string, string>();
  for (const [at, table] of shapes.entries())
    for (const namespace of namespaces)
      for (const [number, { text, parameters }] of (await everything(table, namespace)).entries()) {
        expect(parameters).toBeLessThan(2100);
        batches.set(text, `shape ${at}, ${namespace.schema} ${namespace.prefix}, ${number}`);
      }
  expect(batches.size).toBeGreaterThan(300);
  const lines = Array.from(batches, ([sql, name]) => `${JSON.stringify({ name, sql })}\n`);
  const isDotnetHere = spawnSync('dotnet', ['--version']).status === 0;
  if (!isDotnetHere || !existsSync(tool)) {
    const reason = `${batches.size} batches are not parsed: ${isDotnetHere ? tool : 'dotnet'} is not here.`;
    console.info(reason);
    context.skip(reason);
  }
  const { stdout, stderr } = spawnSync(tool, { input: lines.join(''), encoding: 'utf8' });
  expect(stdout.trim().split('\n').slice(-20), stderr).toEqual([`${batches.size} batches, 0 errors`]);
});
