import type { PoolClient } from 'pg';
import type { Checkpoint } from '../../model/checkpoint.ts';
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
import type { CheckpointStatements, Done } from '../sql/statements.ts';
import { isThere } from './existing-tables.ts';
import { tableName } from './identifiers.ts';

const loadAnew = `"Epoch" = "Epoch" + 1, "Sequence" = 0, "Phase" = 'identity', "Link" = NULL, "Ranges" = NULL,
  "DeltaLink" = NULL, "LoadStartedAt" = NULL, "RowsExpected" = NULL, "RowsLoaded" = 0, "PageInPass" = 0, "Columns" = NULL, "Refill" = NULL`;

// The latest write is kept only where it is known: null in a table that had rows before its checkpoint, until it is looked up.
const setDone = `"SuccessCount" = "SuccessCount" + $2, "FailureCount" = greatest("FailureCount" + $3, 0),
  "LastWrittenAt" = CASE WHEN "LastWrittenAt" < $4::text::timestamp THEN $4::text::timestamp ELSE "LastWrittenAt" END`;
const valuesOf = ({ successCount = 0, failureCount = 0, writtenAt }: Done) => [
  successCount,
  failureCount,
  writtenAt?.toISOString() ?? null,
];

/** Checkpoints in PostgreSQL. */
export function checkpointStatements(client: PoolClient, namespace: Namespace): CheckpointStatements {
  const name = tableName(namespace, systemTables.checkpoint);

  async function found(text: string, values: readonly unknown[]): Promise<Checkpoint | undefined> {
    const { rows } = await client.query<StoredCheckpoint>(text, [...values]);
    return rows[0] && fromStored(rows[0]);
  }

  /** The row of the table, which is the first value, as `set` makes it. */
  async function changed(set: string, values: readonly [table: string, ...unknown[]]): Promise<Checkpoint> {
    const checkpoint = await found(`UPDATE ${name} SET ${set} WHERE "TableName" = $1 RETURNING *`, values);
    if (checkpoint === undefined) throw turnLost(values[0]);
    return checkpoint;
  }

  return {
    read: (table) => found(`SELECT * FROM ${name} WHERE "TableName" = $1`, [table]),
    lock: (table) => found(`SELECT * FROM ${name} WHERE "TableName" = $1 FOR UPDATE`, [table]),
    insert: (table, { profileId, activation }, holdsRows) =>
      found(
        `INSERT INTO ${name} ("TableName", "ProfileId", "Activation", "Epoch", "Sequence", "Phase", "NeedsSweep", "RowsLoaded",
       "PageInPass", "SuccessCount", "FailureCount", "LastWrittenAt")
     VALUES ($1, $2, $3, 1, 0, 'identity', $4, 0, 0, 0, 0, CASE WHEN NOT $4 THEN '-infinity'::timestamp END) ON CONFLICT DO NOTHING RETURNING *`,
        [table, profileId, activation, holdsRows],
      ),
    claim: (table, { profileId, activation }, anew) => {
      const change =
        anew === undefined
          ? '"Epoch" = "Epoch" + 1, "Sequence" = 0'
          : `${loadAnew}, "IsResync" = false, "SuccessCount" = 0, "FailureCount" = 0, "NeedsSweep" = ${anew.needsSweep}`;
      return changed(`"ProfileId" = $2, "Activation" = $3, ${change}`, [table, profileId, activation]);
    },
    restart: (table, { needsSweep, isResync }) =>
      changed(`${loadAnew}, "NeedsSweep" = $2, "IsResync" = $3`, [table, needsSweep, isResync]),
    move: ({ table }, advance, done) => {
      const members = membersOf(advance);
      const set = members.map((member, index) => `"${columnOfMember[member]}" = $${index + 5}`);
      const values = members.map((member) => storedValue(advance, member));
      return changed(['"Sequence" = "Sequence" + 1', setDone, ...set].join(', '), [
        table,
        ...valuesOf(done),
        ...values,
      ]);
    },
    async noteDone(table, done) {
      await client.query(`UPDATE ${name} SET ${setDone} WHERE "TableName" = $1`, [table, ...valuesOf(done)]);
    },
    async latestWrite(table) {
      const { rows } = await client.query<{ isKnown: boolean; milliseconds: string | null }>(
        `SELECT "LastWrittenAt" IS NOT NULL AS "isKnown",
       CASE WHEN isfinite("LastWrittenAt") THEN ceil(extract(epoch FROM "LastWrittenAt") * 1000) END AS milliseconds
     FROM ${name} WHERE "TableName" = $1 FOR UPDATE`,
        [table],
      );
      const { isKnown = false, milliseconds = null } = rows[0] ?? {};
      return { isKnown, at: milliseconds === null ? undefined : new Date(Number(milliseconds)) };
    },
    async noteLatestWrite(table, at) {
      await client.query(
        `UPDATE ${name} SET "LastWrittenAt" = coalesce($2::text::timestamp, '-infinity') WHERE "TableName" = $1`,
        [table, at?.toISOString() ?? null],
      );
    },
    async owners(tables) {
      if (!(await isThere(client, name))) return new Map();
      const { rows } = await client.query<Pick<StoredCheckpoint, 'TableName' | 'ProfileId'>>(
        `SELECT "TableName", "ProfileId" FROM ${name} WHERE "TableName" = ANY($1)`,
        [tables],
      );
      return new Map(rows.map(({ TableName, ProfileId }) => [TableName, ProfileId]));
    },
  };
}
