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
import { type Session, type SqlParameter, sql } from './session.ts';

/** Everything of a load that begins anew; counts of what was done go on. */
export const loadAnew = `[Epoch] = [Epoch] + 1, [Sequence] = 0, [Phase] = N'identity', [Link] = NULL, [Ranges] = NULL, [DeltaLink] = NULL,
  [LoadStartedAt] = NULL, [RowsExpected] = NULL, [RowsLoaded] = 0, [PageInPass] = 0, [Columns] = NULL, [Refill] = NULL`;

/** The quoted name of the table of checkpoints. */
export const checkpointsOf = (namespace: Namespace) => tableName(namespace, systemTables.checkpoint);

/** The parameter of the statements here. */
export const named = (table: string) => sql.text('table', table);

async function select(
  session: Session,
  namespace: Namespace,
  table: string,
  hint = '',
): Promise<Checkpoint | undefined> {
  const found = await session.query<StoredCheckpoint>(
    `SELECT * FROM ${checkpointsOf(namespace)}${hint} WHERE [TableName] = @table`,
    [named(table)],
  );
  return found.rows[0] && fromStored(found.rows[0]);
}

/** The checkpoint of a table, if it has one. */
export function readCheckpoint(session: Session, namespace: Namespace, table: string) {
  return select(session, namespace, table);
}

/** The checkpoint of a table, if it has one, locked until the end of the transaction. Before any lock on the table's rows. */
export function lockCheckpoint(session: Session, namespace: Namespace, table: string) {
  return select(session, namespace, table, ' WITH (UPDLOCK, HOLDLOCK, ROWLOCK)');
}

/** Locks the checkpoint until the end of the transaction; `DESTINATION_TURN_LOST` when it is not in the state of the turn. */
export async function takeTurn(
  session: Session,
  namespace: Namespace,
  table: string,
  turn: Turn,
): Promise<Checkpoint> {
  const stored = await lockCheckpoint(session, namespace, table);
  if (stored?.epoch !== turn.epoch || stored.sequence !== turn.sequence) throw turnLost(table);
  return stored;
}

/** Changes the checkpoint's row and returns what has become of it; `DESTINATION_TURN_LOST` when there is none. */
export async function changeCheckpoint(
  session: Session,
  namespace: Namespace,
  table: string,
  change: { readonly set: string; readonly parameters: readonly SqlParameter[]; readonly where?: string },
): Promise<Checkpoint> {
  const { set, parameters, where = '' } = change;
  const name = checkpointsOf(namespace);
  const answer = await session.query<StoredCheckpoint>(
    `SET NOCOUNT ON; UPDATE ${name} SET ${set} WHERE [TableName] = @table${where};
     IF @@ROWCOUNT = 1 SELECT * FROM ${name} WHERE [TableName] = @table`,
    [named(table), ...parameters],
  );
  const [stored] = answer.rows;
  if (stored === undefined) throw turnLost(table);
  return fromStored(stored);
}

/** What was done beside moving the checkpoint: rows handled, and the time that rows were stamped with. */
export interface Done {
  readonly successCount?: number;
  readonly failureCount?: number;
  readonly writtenAt?: Date;
}

// The latest write is kept only where it is known: null in a table that had rows before its checkpoint, until it is looked up.
const setDone = `[SuccessCount] = [SuccessCount] + @success,
  [FailureCount] = CASE WHEN [FailureCount] + @failure > 0 THEN [FailureCount] + @failure ELSE 0 END,
  [LastWrittenAt] = CASE WHEN [LastWrittenAt] < @writtenAt THEN @writtenAt ELSE [LastWrittenAt] END`;
const valuesOf = ({ successCount = 0, failureCount = 0, writtenAt }: Done) => [
  sql.bigint('success', String(successCount)),
  sql.bigint('failure', String(failureCount)),
  sql.datetime2('writtenAt', writtenAt ?? null),
];

function parameterOf(member: keyof CheckpointAdvance, value: string | number | boolean | null) {
  if (typeof value === 'boolean') return sql.bit(member, value);
  return typeof value === 'number' ? sql.bigint(member, String(value)) : sql.text(member, value);
}

/** Moves the checkpoint from where `takeTurn` has locked it: the sequence by one, the members of `advance`, and what was done. */
export function moveCheckpoint(
  session: Session,
  namespace: Namespace,
  { table, epoch, sequence }: Checkpoint,
  advance: CheckpointAdvance,
  done: Done = {},
): Promise<Checkpoint> {
  const members = membersOf(advance);
  const set = members.map((member) => `[${columnOfMember[member]}] = @${member}`);
  return changeCheckpoint(session, namespace, table, {
    set: ['[Sequence] = [Sequence] + 1', setDone, ...set].join(', '),
    // Where the hints of the lock are not taken, nobody writes twice all the same.
    where: ' AND [Epoch] = @epoch AND [Sequence] = @sequence',
    parameters: [
      ...valuesOf(done),
      sql.bigint('epoch', String(epoch)),
      sql.bigint('sequence', String(sequence)),
      ...members.map((member) => parameterOf(member, storedValue(advance, member))),
    ],
  });
}

/** Notes what was done without moving the turn: for rejected rows, which are settled beside the pages. */
export async function noteDone(
  session: Session,
  namespace: Namespace,
  table: string,
  done: Done,
): Promise<void> {
  await session.query(`UPDATE ${checkpointsOf(namespace)} SET ${setDone} WHERE [TableName] = @table`, [
    named(table),
    ...valuesOf(done),
  ]);
}

/** In a table without rows, and before every write. */
export const notWritten = "CONVERT(datetime2(3), N'0001-01-01T00:00:00', 126)";

/** The port's `lastWrittenAt`. Only for a table that had rows before its checkpoint they are looked at, once. */
export async function lastWrittenAt(
  session: Session,
  namespace: Namespace,
  table: string,
): Promise<Date | undefined> {
  const found = await session.query<{ isKnown: boolean; writtenAt: Date | null }>(
    `SELECT CONVERT(bit, CASE WHEN [LastWrittenAt] IS NULL THEN 0 ELSE 1 END) AS [isKnown],
       NULLIF([LastWrittenAt], ${notWritten}) AS [writtenAt]
     FROM ${checkpointsOf(namespace)} WITH (UPDLOCK, HOLDLOCK, ROWLOCK) WHERE [TableName] = @table`,
    [named(table)],
  );
  const { isKnown = false, writtenAt = null } = found.rows[0] ?? {};
  if (isKnown) return writtenAt ?? undefined;
  const latest = await latestWrite(session, namespace, table);
  await session.query(
    `UPDATE ${checkpointsOf(namespace)} SET [LastWrittenAt] = COALESCE(@latest, ${notWritten}) WHERE [TableName] = @table`,
    [named(table), sql.datetime2('latest', latest ?? null)],
  );
  return latest;
}

/** Begins the load anew in a new epoch, and forgets the rows that were given up. The caller has locked the checkpoint. */
export async function restartCheckpoint(
  session: Session,
  namespace: Namespace,
  table: string,
  needsSweep: boolean,
  isResync = false,
): Promise<Checkpoint> {
  await forgetGivenUp(session, namespace, table);
  return changeCheckpoint(session, namespace, table, {
    set: `${loadAnew}, [NeedsSweep] = @needsSweep, [IsResync] = @isResync`,
    parameters: [sql.bit('needsSweep', needsSweep), sql.bit('isResync', isResync)],
  });
}

/** The port's `owners`. */
export async function readOwners(
  session: Session,
  namespace: Namespace,
  tables: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const name = checkpointsOf(namespace);
  if (!(await isThere(session, name))) return new Map();
  // There is a row for each table that was ever exported: hundreds at most.
  const { rows } = await session.query<Pick<StoredCheckpoint, 'TableName' | 'ProfileId'>>(
    `SELECT [TableName], [ProfileId] FROM ${name}`,
  );
  const asked = new Set(tables);
  return new Map(
    rows.filter(({ TableName }) => asked.has(TableName)).map((row) => [row.TableName, row.ProfileId]),
  );
}
