import type { Checkpoint, CheckpointAdvance } from '../../model/checkpoint.ts';
import {
  columnOfMember,
  fromStored,
  membersOf,
  type StoredCheckpoint,
  storedValue,
  turnLost,
} from '../../schema/stored-checkpoint.ts';
import { systemTables } from '../../schema/system-tables.ts';
import type { Namespace } from '../sql/namespace.ts';
import type { CheckpointStatements, Done, Owner } from '../sql/statements.ts';
import { isThere } from './existing-tables.ts';
import { tableName } from './identifiers.ts';
import { type Session, type SqlParameter, sql } from './session.ts';

const loadAnew = `[Epoch] = [Epoch] + 1, [Sequence] = 0, [Phase] = N'identity', [Link] = NULL, [Ranges] = NULL, [DeltaLink] = NULL,
  [LoadStartedAt] = NULL, [RowsExpected] = NULL, [RowsLoaded] = 0, [PageInPass] = 0, [Columns] = NULL, [Refill] = NULL`;

/** In a table without rows, and before every write. */
const notWritten = "CONVERT(datetime2(3), N'0001-01-01T00:00:00', 126)";

// The latest write is kept only where it is known: null in a table that had rows before its checkpoint, until it is looked up.
const setDone = `[SuccessCount] = [SuccessCount] + @success,
  [FailureCount] = CASE WHEN [FailureCount] + @failure > 0 THEN [FailureCount] + @failure ELSE 0 END,
  [LastWrittenAt] = CASE WHEN [LastWrittenAt] < @writtenAt THEN @writtenAt ELSE [LastWrittenAt] END`;
const valuesOf = ({ successCount = 0, failureCount = 0, writtenAt }: Done) => [
  sql.bigint('success', String(successCount)),
  sql.bigint('failure', String(failureCount)),
  sql.datetime2('writtenAt', writtenAt ?? null),
];
const named = (table: string) => sql.text('table', table);
const ownership = ({ profileId, activation }: Owner) => [
  sql.uuid('profileId', profileId),
  sql.int('activation', activation),
];

function parameterOf(member: keyof CheckpointAdvance, value: string | number | boolean | null) {
  if (typeof value === 'boolean') return sql.bit(member, value);
  return typeof value === 'number' ? sql.bigint(member, String(value)) : sql.text(member, value);
}

/** Checkpoints in SQL Server. */
export function checkpointStatements(session: Session, namespace: Namespace): CheckpointStatements {
  const name = tableName(namespace, systemTables.checkpoint);

  async function found(text: string, values: readonly SqlParameter[]): Promise<Checkpoint | undefined> {
    const { rows } = await session.query<StoredCheckpoint>(text, values);
    return rows[0] && fromStored(rows[0]);
  }

  const select = (table: string, hint = '') =>
    found(`SELECT * FROM ${name}${hint} WHERE [TableName] = @table`, [named(table)]);

  /** The row of the table as `set` makes it. */
  async function changed(
    table: string,
    set: string,
    parameters: readonly SqlParameter[],
    where = '',
  ): Promise<Checkpoint> {
    const checkpoint = await found(
      `SET NOCOUNT ON; UPDATE ${name} SET ${set} WHERE [TableName] = @table${where};
     IF @@ROWCOUNT = 1 SELECT * FROM ${name} WHERE [TableName] = @table`,
      [named(table), ...parameters],
    );
    if (checkpoint === undefined) throw turnLost(table);
    return checkpoint;
  }

  return {
    read: (table) => select(table),
    lock: (table) => select(table, ' WITH (UPDLOCK, HOLDLOCK, ROWLOCK)'),
    // Of two first claims one may also be refused as the second.
    insert: (table, owner, holdsRows) =>
      found(
        `SET NOCOUNT ON; DECLARE @inserted int = 0;
     BEGIN TRY
     INSERT INTO ${name} ([TableName], [ProfileId], [Activation], [Epoch], [Sequence], [Phase], [NeedsSweep], [RowsLoaded],
       [PageInPass], [SuccessCount], [FailureCount], [LastWrittenAt])
     SELECT @table, @profileId, @activation, 1, 0, N'identity', @holdsRows, 0, 0, 0, 0, CASE WHEN @holdsRows = 0 THEN ${notWritten} END
     WHERE NOT EXISTS (SELECT 1 FROM ${name} WITH (UPDLOCK, HOLDLOCK) WHERE [TableName] = @table);
     SET @inserted = @@ROWCOUNT;
     END TRY
     BEGIN CATCH
     IF ERROR_NUMBER() <> 2627 OR XACT_STATE() <> 1
     BEGIN;
     THROW;
     END;
     END CATCH;
     IF @inserted = 1 SELECT * FROM ${name} WHERE [TableName] = @table;`,
        [named(table), ...ownership(owner), sql.bit('holdsRows', holdsRows)],
      ),
    claim: (table, owner, anew) => {
      const change =
        anew === undefined
          ? '[Epoch] = [Epoch] + 1, [Sequence] = 0'
          : `${loadAnew}, [IsResync] = 0, [SuccessCount] = 0, [FailureCount] = 0, [NeedsSweep] = @holdsRows`;
      const holds = anew === undefined ? [] : [sql.bit('holdsRows', anew.needsSweep)];
      return changed(table, `[ProfileId] = @profileId, [Activation] = @activation, ${change}`, [
        ...ownership(owner),
        ...holds,
      ]);
    },
    restart: (table, { needsSweep, isResync }) =>
      changed(table, `${loadAnew}, [NeedsSweep] = @needsSweep, [IsResync] = @isResync`, [
        sql.bit('needsSweep', needsSweep),
        sql.bit('isResync', isResync),
      ]),
    move: ({ table, epoch, sequence }, advance, done) => {
      const members = membersOf(advance);
      const set = members.map((member) => `[${columnOfMember[member]}] = @${member}`);
      const parameters = [
        ...valuesOf(done),
        sql.bigint('epoch', String(epoch)),
        sql.bigint('sequence', String(sequence)),
        ...members.map((member) => parameterOf(member, storedValue(advance, member))),
      ];
      // Where the hints of the lock are not taken, nobody writes twice all the same.
      const where = ' AND [Epoch] = @epoch AND [Sequence] = @sequence';
      return changed(table, ['[Sequence] = [Sequence] + 1', setDone, ...set].join(', '), parameters, where);
    },
    async noteDone(table, done) {
      await session.query(`UPDATE ${name} SET ${setDone} WHERE [TableName] = @table`, [
        named(table),
        ...valuesOf(done),
      ]);
    },
    async latestWrite(table) {
      const { rows } = await session.query<{ isKnown: boolean; writtenAt: Date | null }>(
        `SELECT CONVERT(bit, CASE WHEN [LastWrittenAt] IS NULL THEN 0 ELSE 1 END) AS [isKnown],
       NULLIF([LastWrittenAt], ${notWritten}) AS [writtenAt]
     FROM ${name} WITH (UPDLOCK, HOLDLOCK, ROWLOCK) WHERE [TableName] = @table`,
        [named(table)],
      );
      const { isKnown = false, writtenAt = null } = rows[0] ?? {};
      return { isKnown, at: writtenAt ?? undefined };
    },
    async noteLatestWrite(table, at) {
      await session.query(
        `UPDATE ${name} SET [LastWrittenAt] = COALESCE(@latest, ${notWritten}) WHERE [TableName] = @table`,
        [named(table), sql.datetime2('latest', at ?? null)],
      );
    },
    async owners(tables) {
      if (!(await isThere(session, name))) return new Map();
      // There is a row for each table that was ever exported: hundreds at most.
      const { rows } = await session.query<Pick<StoredCheckpoint, 'TableName' | 'ProfileId'>>(
        `SELECT [TableName], [ProfileId] FROM ${name}`,
      );
      const asked = new Set(tables);
      return new Map(
        rows.filter(({ TableName }) => asked.has(TableName)).map((row) => [row.TableName, row.ProfileId]),
      );
    },
  };
}
