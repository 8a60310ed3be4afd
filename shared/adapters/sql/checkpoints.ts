import { ServiceError } from '../../errors.ts';
import type { Checkpoint, Turn } from '../../model/checkpoint.ts';
import type { Claim } from '../../ports/destination.ts';
import { turnLost } from '../../schema/stored-checkpoint.ts';
import type { Owner, Statements } from './statements.ts';

/** Locks the checkpoint until the end of the transaction; `DESTINATION_TURN_LOST` when it is not in the state of the turn. */
export async function takeTurn({ checkpoints }: Statements, table: string, turn: Turn): Promise<Checkpoint> {
  const stored = await checkpoints.lock(table);
  if (stored?.epoch !== turn.epoch || stored.sequence !== turn.sequence) throw turnLost(table);
  return stored;
}

/** Begins the load anew in a new epoch, and forgets the rows that were given up. The caller has locked the checkpoint. */
export async function restartCheckpoint(
  { checkpoints, rejectedRows }: Statements,
  table: string,
  needsSweep: boolean,
  isResync = false,
): Promise<Checkpoint> {
  await rejectedRows.forgetGivenUp(table);
  return checkpoints.restart(table, { needsSweep, isResync });
}

/** The port's `claim`. Whoever has claimed the table already locks nothing: a turn's checkpoint is locked when it is moved. */
export async function claimCheckpoint(
  statements: Statements,
  table: string,
  owner: Owner & { readonly replaces?: string },
): Promise<Claim> {
  const { checkpoints, rejectedRows } = statements;
  const known = await checkpoints.read(table);
  const isClaimed = known?.profileId === owner.profileId && known.activation === owner.activation;
  const checkpoint = isClaimed ? known : await takeCheckpoint(statements, table, owner);
  const nextAttemptAt = await rejectedRows.nextAttemptAt(table);
  return { checkpoint, ...(nextAttemptAt && { nextAttemptAt }) };
}

async function takeCheckpoint(
  { checkpoints, rejectedRows, rows }: Statements,
  table: string,
  owner: Owner & { readonly replaces?: string },
): Promise<Checkpoint> {
  const { profileId, activation } = owner;
  const inserted = await checkpoints.insert(table, owner, await rows.isAny(table));
  if (inserted !== undefined) return inserted;
  const stored = await checkpoints.lock(table);
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
  if (!isSameProfile) await rejectedRows.forgetAll(table);
  if (isSameProfile && stored.phase === 'delta') return checkpoints.claim(table, owner, undefined);
  await rejectedRows.forgetGivenUp(table);
  return checkpoints.claim(table, owner, { needsSweep: await rows.isAny(table) });
}

/** The port's `lastWrittenAt`. Only for a table that had rows before its checkpoint they are looked at, once. */
export async function lastWrittenAt(
  { checkpoints, rows }: Statements,
  table: string,
): Promise<Date | undefined> {
  const { isKnown, at } = await checkpoints.latestWrite(table);
  if (isKnown) return at;
  const latest = await rows.latestWrite(table);
  await checkpoints.noteLatestWrite(table, latest);
  return latest;
}
