import type { ClientBase, PoolClient } from 'pg';
import type { Checkpoint, CheckpointAdvance, Turn } from '../../model/checkpoint.ts';
import {
  columnOfMember,
  fromStored,
  membersOf,
  type StoredCheckpoint,
  storedValue,
  turnLost,
} from '../../schema/stored-checkpoint.ts';
import { systemTables } from '../../schema/system-tables.ts';
import { isThere } from './existing-tables.ts';
import { type Namespace, tableName } from './identifiers.ts';
import { latestWrite } from './merge.ts';
import { forgetGivenUp } from './rejected-rows.ts';

/** Everything of a load that begins anew; counts of what was done go on. */
export const loadAnew = `"Epoch" = c."Epoch" + 1, "Sequence" = 0, "Phase" = 'identity', "Link" = NULL, "Ranges" = NULL,
  "DeltaLink" = NULL, "LoadStartedAt" = NULL, "RowsExpected" = NULL, "RowsLoaded" = 0, "PageInPass" = 0, "Columns" = NULL, "Refill" = NULL`;

/** The quoted name of the table of checkpoints. */
export const checkpointsOf = (namespace: Namespace) => tableName(namespace, systemTables.checkpoint);

/** The checkpoint of a table, if it has one. */
export async function readCheckpoint(
  client: ClientBase,
  namespace: Namespace,
  table: string,
): Promise<Checkpoint | undefined> {
  const found = await client.query<StoredCheckpoint>(
    `SELECT * FROM ${checkpointsOf(namespace)} WHERE "TableName" = $1`,
    [table],
  );
  return found.rows[0] && fromStored(found.rows[0]);
}

/** The checkpoint of a table, if it has one, locked until the end of the transaction. Before any lock on the table's rows. */
export async function lockCheckpoint(
  client: PoolClient,
  namespace: Namespace,
  table: string,
): Promise<Checkpoint | undefined> {
  const found = await client.query<StoredCheckpoint>(
    `SELECT * FROM ${checkpointsOf(namespace)} WHERE "TableName" = $1 FOR UPDATE`,
    [table],
  );
  return found.rows[0] && fromStored(found.rows[0]);
}

/** Locks the checkpoint until the end of the transaction; `DESTINATION_TURN_LOST` when it is not in the state of the turn. */
export async function takeTurn(
  client: PoolClient,
  namespace: Namespace,
  table: string,
  turn: Turn,
): Promise<Checkpoint> {
  const stored = await lockCheckpoint(client, namespace, table);
  if (stored?.epoch !== turn.epoch || stored.sequence !== turn.sequence) throw turnLost(table);
  return stored;
}

/** What was done beside moving the checkpoint: rows handled, and the time that rows were stamped with. */
export interface Done {
  readonly successCount?: number;
  readonly failureCount?: number;
  readonly writtenAt?: Date;
}

// The latest write is kept only where it is known: null in a table that had rows before its checkpoint, until it is looked up.
const setDone = `"SuccessCount" = "SuccessCount" + $2, "FailureCount" = greatest("FailureCount" + $3, 0),
  "LastWrittenAt" = CASE WHEN "LastWrittenAt" < $4::text::timestamp THEN $4::text::timestamp ELSE "LastWrittenAt" END`;
const valuesOf = ({ successCount = 0, failureCount = 0, writtenAt }: Done) => [
  successCount,
  failureCount,
  writtenAt?.toISOString() ?? null,
];

/** Moves the checkpoint that `takeTurn` has locked: the sequence by one, the members of `advance`, and what was done. */
export async function moveCheckpoint(
  client: PoolClient,
  namespace: Namespace,
  table: string,
  advance: CheckpointAdvance,
  done: Done = {},
): Promise<Checkpoint> {
  const members = membersOf(advance);
  const set = members.map((member, index) => `"${columnOfMember[member]}" = $${index + 5}`);
  const answer = await client.query<StoredCheckpoint>(
    `UPDATE ${checkpointsOf(namespace)} SET ${['"Sequence" = "Sequence" + 1', setDone, ...set].join(', ')}
     WHERE "TableName" = $1 RETURNING *`,
    [table, ...valuesOf(done), ...members.map((member) => storedValue(advance, member))],
  );
  const [stored] = answer.rows;
  if (stored === undefined) throw turnLost(table);
  return fromStored(stored);
}

/** Notes what was done without moving the turn: for rejected rows, which are settled beside the pages. */
export async function noteDone(
  client: PoolClient,
  namespace: Namespace,
  table: string,
  done: Done,
): Promise<void> {
  await client.query(`UPDATE ${checkpointsOf(namespace)} SET ${setDone} WHERE "TableName" = $1`, [
    table,
    ...valuesOf(done),
  ]);
}

/** The port's `lastWrittenAt`. Only for a table that had rows before its checkpoint they are looked at, once. */
export async function lastWrittenAt(
  client: PoolClient,
  namespace: Namespace,
  table: string,
): Promise<Date | undefined> {
  const found = await client.query<{ isKnown: boolean; milliseconds: string | null }>(
    `SELECT "LastWrittenAt" IS NOT NULL AS "isKnown",
       CASE WHEN isfinite("LastWrittenAt") THEN ceil(extract(epoch FROM "LastWrittenAt") * 1000) END AS milliseconds
     FROM ${checkpointsOf(namespace)} WHERE "TableName" = $1 FOR UPDATE`,
    [table],
  );
  const { isKnown = false, milliseconds = null } = found.rows[0] ?? {};
  if (isKnown) return milliseconds === null ? undefined : new Date(Number(milliseconds));
  const latest = await latestWrite(client, namespace, table);
  await client.query(
    `UPDATE ${checkpointsOf(namespace)} SET "LastWrittenAt" = coalesce($2::text::timestamp, '-infinity') WHERE "TableName" = $1`,
    [table, latest?.toISOString() ?? null],
  );
  return latest;
}

/** Begins the load anew in a new epoch, and forgets the rows that were given up. The caller has locked the checkpoint. */
export async function restartCheckpoint(
  client: PoolClient,
  namespace: Namespace,
  table: string,
  needsSweep: boolean,
  isResync = false,
): Promise<Checkpoint> {
  await forgetGivenUp(client, namespace, table);
  const answer = await client.query<StoredCheckpoint>(
    `UPDATE ${checkpointsOf(namespace)} AS c SET ${loadAnew}, "NeedsSweep" = $2, "IsResync" = $3 WHERE "TableName" = $1 RETURNING *`,
    [table, needsSweep, isResync],
  );
  const [stored] = answer.rows;
  if (stored === undefined) throw turnLost(table);
  return fromStored(stored);
}

/** The port's `owners`. */
export async function readOwners(
  client: ClientBase,
  namespace: Namespace,
  tables: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const name = checkpointsOf(namespace);
  if (!(await isThere(client, name))) return new Map();
  const { rows } = await client.query<Pick<StoredCheckpoint, 'TableName' | 'ProfileId'>>(
    `SELECT "TableName", "ProfileId" FROM ${name} WHERE "TableName" = ANY($1)`,
    [tables],
  );
  return new Map(rows.map(({ TableName, ProfileId }) => [TableName, ProfileId]));
}
