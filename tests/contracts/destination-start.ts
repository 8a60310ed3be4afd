import { randomUUID } from 'node:crypto';
import type { Row } from '../../shared/model/change.ts';
import type { Checkpoint } from '../../shared/model/checkpoint.ts';
import type { DestinationTable } from '../../shared/model/table-schema.ts';
import type { Destination, PageWrite } from '../../shared/ports/destination.ts';

/** A destination without any table, and a test's own way to look into it and to disturb it. */
export interface DestinationUnderTest {
  readonly destination: Destination;
  /** The same database seen by another worker. */
  readonly otherWorker: Destination;
  /** Stored rows with every column as canonical text, in any order. */
  rows(table: string): Promise<readonly Readonly<Record<string, string | null>>[]>;
  deleteLog(): Promise<readonly { readonly table: string; readonly id: string; readonly version: string }[]>;
  /** Rows of the table whose `name` is this are refused from now on (a constraint); undefined ends it. */
  refuseName(table: string, name: string | undefined): Promise<void>;
  /** Deletes of this id are refused from now on (something refers to the row); undefined ends it. */
  refuseDelete(table: string, id: string | undefined): Promise<void>;
  dropTable(table: string): Promise<void>;
  /** The first date that its columns hold; what is before stands there. Absent: that of year 1. */
  readonly earliest?: string;
  /** Why this server does not tell that a table is missing; absent where it does. */
  readonly hidesMissingTables?: string;
  /** A server that the destination's own test warns of, as too old. */
  readonly isOldServer?: boolean;
}

export const aTable: DestinationTable = {
  name: 'account',
  idSource: 'accountid',
  columns: [
    { name: 'statecode', type: { kind: 'integer' }, source: 'statecode' },
    { name: 'donotphone', type: { kind: 'boolean' }, source: 'donotphone' },
    { name: 'ownerid', type: { kind: 'guid' }, source: '_ownerid_value' },
    { name: 'to', type: { kind: 'guid' } },
    { name: 'revenue', type: { kind: 'decimal', scale: 4 }, source: 'revenue' },
    { name: 'name', type: { kind: 'text', maxLength: 20 }, source: 'name' },
    { name: 'description', type: { kind: 'text' }, source: 'description' },
    { name: 'createdon', type: { kind: 'datetime' }, source: 'createdon' },
    { name: 'versionnumber', type: { kind: 'bigint' }, source: 'versionnumber' },
  ],
};

export const idOf = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
export const rowOf = (number: number, version: number | string, more: Row = {}): Row => ({
  accountid: idOf(number),
  name: `account ${number}`,
  versionnumber: version,
  ...more,
});
export const readAt = new Date('2026-11-23T10:00:00.000Z');
export const later = new Date('2026-11-23T10:05:00.000Z');

/** A destination with its first table claimed, and short words for what the tests do with it. */
export async function startDestination(make: () => Promise<DestinationUnderTest>, table = aTable) {
  const under = await make();
  const { destination } = under;
  await destination.ensureSystemTables({ hasDeleteLog: true });
  await destination.ensureTable(table);
  const owner = { profileId: randomUUID(), activation: 1 };
  const { checkpoint: first } = await destination.claim(table.name, owner);
  const write = (turn: Checkpoint, page: Partial<PageWrite>) =>
    destination.writePage({
      table,
      turn,
      advance: {},
      rows: [],
      deletedIds: [],
      mode: 'newer',
      readAt,
      isDeleteLogged: true,
      nextAttemptAt: later,
      ...page,
    });
  const names = async () =>
    Object.fromEntries((await under.rows(table.name)).map((row) => [row.Id, row.name]));
  const due = (now = later) => destination.dueRejectedRows(table.name, now, 100);
  return { ...under, owner, first, write, names, due };
}
