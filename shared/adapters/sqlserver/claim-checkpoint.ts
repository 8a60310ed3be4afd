import { ServiceError } from '../../errors.ts';
import type { Checkpoint } from '../../model/checkpoint.ts';
import { fromStored, type StoredCheckpoint, turnLost } from '../../schema/stored-checkpoint.ts';
import {
  changeCheckpoint,
  checkpointsOf,
  loadAnew,
  lockCheckpoint,
  named,
  notWritten,
} from './checkpoints.ts';
import { isThere } from './existing-tables.ts';
import { type Namespace, tableName } from './identifiers.ts';
import { forgetAllRejectedRows, forgetGivenUp } from './rejected-rows.ts';
import { type Session, sql } from './session.ts';

type Owner = { readonly profileId: string; readonly activation: number; readonly replaces?: string };

async function holdsRows(session: Session, namespace: Namespace, table: string): Promise<boolean> {
  const name = tableName(namespace, table);
  if (!(await isThere(session, name))) return false;
  return (await session.query(`SELECT TOP (1) 1 AS [one] FROM ${name}`)).rows.length > 0;
}

const ownership = ({ profileId, activation }: Owner) => [
  sql.uuid('profileId', profileId),
  sql.int('activation', activation),
];

/**
 * The row of a first claim; undefined where there is one. Two first claims may meet: the one that inserts nothing, or whose row
 * is refused as the second, has waited for the other and then finds its row.
 */
async function insertCheckpoint(
  session: Session,
  namespace: Namespace,
  table: string,
  owner: Owner,
): Promise<Checkpoint | undefined> {
  const name = checkpointsOf(namespace);
  const inserted = await session.query<StoredCheckpoint>(
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
    [named(table), ...ownership(owner), sql.bit('holdsRows', await holdsRows(session, namespace, table))],
  );
  return inserted.rows[0] && fromStored(inserted.rows[0]);
}

/** The port's `claim`. */
export async function claimCheckpoint(
  session: Session,
  namespace: Namespace,
  table: string,
  owner: Owner,
): Promise<Checkpoint> {
  const { profileId, activation } = owner;
  const inserted = await insertCheckpoint(session, namespace, table, owner);
  if (inserted !== undefined) return inserted;
  const stored = await lockCheckpoint(session, namespace, table);
  if (stored === undefined) throw turnLost(table);
  const isSameProfile = stored.profileId === profileId;
  if (!isSameProfile && stored.profileId !== owner.replaces)
    throw new ServiceError(
      'DESTINATION_TABLE_CONFLICT',
      `Cannot claim table "${table}" for profile "${profileId}": profile "${stored.profileId}" fills it.`,
      { parameters: [stored.profileId] },
    );
  if (isSameProfile && stored.activation === activation) return stored;
  if (isSameProfile && stored.activation > activation) throw turnLost(table);
  if (!isSameProfile) await forgetAllRejectedRows(session, namespace, table);
  const isContinued = isSameProfile && stored.phase === 'delta';
  if (!isContinued) await forgetGivenUp(session, namespace, table);
  const anew = `${loadAnew}, [IsResync] = 0, [SuccessCount] = 0, [FailureCount] = 0, [NeedsSweep] = @holdsRows`;
  const holds = isContinued ? [] : [sql.bit('holdsRows', await holdsRows(session, namespace, table))];
  return changeCheckpoint(session, namespace, table, {
    set: `[ProfileId] = @profileId, [Activation] = @activation, ${isContinued ? '[Epoch] = [Epoch] + 1, [Sequence] = 0' : anew}`,
    parameters: [...ownership(owner), ...holds],
  });
}
