import type { PoolClient } from 'pg';
import { ServiceError } from '../../errors.ts';
import type { Checkpoint } from '../../model/checkpoint.ts';
import { fromStored, type StoredCheckpoint, turnLost } from '../../schema/stored-checkpoint.ts';
import { checkpointsOf, loadAnew, lockCheckpoint } from './checkpoints.ts';
import { isThere } from './existing-tables.ts';
import { type Namespace, tableName } from './identifiers.ts';
import { forgetAllRejectedRows, forgetGivenUp } from './rejected-rows.ts';

async function holdsRows(client: PoolClient, namespace: Namespace, table: string): Promise<boolean> {
  const name = tableName(namespace, table);
  return (
    (await isThere(client, name)) && (await client.query(`SELECT 1 FROM ${name} LIMIT 1`)).rowCount !== 0
  );
}

/** The port's `claim`. */
export async function claimCheckpoint(
  client: PoolClient,
  namespace: Namespace,
  table: string,
  owner: { readonly profileId: string; readonly activation: number; readonly replaces?: string },
): Promise<Checkpoint> {
  const name = checkpointsOf(namespace);
  const { profileId, activation } = owner;
  // Two first claims may meet: the one that inserts nothing waits here for the other, and then finds its row.
  const inserted = await client.query<StoredCheckpoint>(
    `INSERT INTO ${name} ("TableName", "ProfileId", "Activation", "Epoch", "Sequence", "Phase", "NeedsSweep", "RowsLoaded",
       "PageInPass", "SuccessCount", "FailureCount", "LastWrittenAt")
     VALUES ($1, $2, $3, 1, 0, 'identity', $4, 0, 0, 0, 0, CASE WHEN NOT $4 THEN '-infinity'::timestamp END) ON CONFLICT DO NOTHING RETURNING *`,
    [table, profileId, activation, await holdsRows(client, namespace, table)],
  );
  if (inserted.rows[0] !== undefined) return fromStored(inserted.rows[0]);
  const stored = await lockCheckpoint(client, namespace, table);
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
  if (!isSameProfile) await forgetAllRejectedRows(client, namespace, table);
  const isContinued = isSameProfile && stored.phase === 'delta';
  if (!isContinued) await forgetGivenUp(client, namespace, table);
  const change = isContinued
    ? '"Epoch" = c."Epoch" + 1, "Sequence" = 0'
    : `${loadAnew}, "IsResync" = false, "SuccessCount" = 0, "FailureCount" = 0, "NeedsSweep" = ${await holdsRows(client, namespace, table)}`;
  const updated = await client.query<StoredCheckpoint>(
    `UPDATE ${name} AS c SET "ProfileId" = $2, "Activation" = $3, ${change} WHERE "TableName" = $1 RETURNING *`,
    [table, profileId, activation],
  );
  const [claimed] = updated.rows;
  if (claimed === undefined) throw turnLost(table);
  return fromStored(claimed);
}
