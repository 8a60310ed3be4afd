import type { Pool, PoolClient } from 'pg';
import { ServiceError } from '../../errors.ts';
import type { ChangeType, Row } from '../../model/change.ts';
import type { RejectedRow } from '../../model/rejected-row.ts';
import type { DestinationTable } from '../../model/table-schema.ts';
import type {
  Destination,
  Destinations,
  PageResult,
  PageWrite,
  RetryWrite,
  SweepStep,
} from '../../ports/destination.ts';
import { laterVersion } from '../../schema/row-version.ts';
import * as checkpoints from './checkpoints.ts';
import { inTransaction, openPool } from './connection.ts';
import { typeOfConnectionString } from './connection-string.ts';
import { ensureSystemTables, ensureTable } from './ddl.ts';
import type { Namespace } from './identifiers.ts';
import { ensureStage } from './load-staging.ts';
import { unseenIds, versionsById } from './merge.ts';
import * as rejectedRows from './rejected-rows.ts';
import { type PreparedRows, prepareRows } from './row-text.ts';
import { testDestination } from './test-destination.ts';
import { type Refusal, removeRows, writeRows } from './write-rows.ts';

function greatestVersion({ rows, inexpressible }: PreparedRows): string {
  let greatest = '0';
  for (const { version } of rows) greatest = laterVersion(greatest, version);
  for (const { version } of inexpressible) greatest = laterVersion(greatest, version);
  return greatest;
}

const firstRejection =
  (table: string, noticedAt: Date, nextAttemptAt: Date, changeType?: ChangeType) =>
  ({ id, version, code, reason, exists }: Refusal): RejectedRow => ({
    table,
    id,
    version,
    changeType: changeType ?? (exists ? 'Update' : 'New'),
    noticedAt: noticedAt.toISOString(),
    attempts: 1,
    nextAttemptAt: nextAttemptAt.toISOString(),
    code,
    reason,
  });

async function writePage(pool: Pool, namespace: Namespace, page: PageWrite): Promise<PageResult> {
  const { table, readAt, mode, nextAttemptAt } = page;
  const prepared = prepareRows(table, page.rows);
  let stage = '';
  return inTransaction(
    pool,
    `write a page of table "${table.name}"`,
    async (client) => {
      await checkpoints.takeTurn(client, namespace, table.name, page.turn);
      const target = { namespace, table, stage };
      const upserts = await writeRows(client, target, prepared, mode, readAt);
      const deletes = await removeRows(
        client,
        namespace,
        table.name,
        page.deletedIds,
        page.isDeleteLogged ? readAt : undefined,
      );
      const keptIds = new Set(deletes.refused.map(({ id }) => id));
      const goneIds = page.deletedIds.filter((id) => !keptIds.has(id));
      await rejectedRows.forgetRejectedRows(client, namespace, table.name, goneIds);
      const rejected = await rejectedRows.recordRejectedRows(client, namespace, table.name, [
        ...upserts.refused.map(firstRejection(table.name, readAt, nextAttemptAt)),
        ...deletes.refused.map(firstRejection(table.name, readAt, nextAttemptAt, 'Delete')),
      ]);
      const handledRows = prepared.rows.length + prepared.inexpressible.length - upserts.refused.length;
      const checkpoint = await checkpoints.moveCheckpoint(client, namespace, table.name, page.advance, {
        successCount: handledRows + goneIds.length,
        version: greatestVersion(prepared),
      });
      return { checkpoint, writtenCount: upserts.writtenCount, deletedCount: deletes.deletedCount, rejected };
    },
    async (client) => {
      if (page.rows.length > 0) stage = await ensureStage(client, table);
    },
  );
}

async function sweep(pool: Pool, namespace: Namespace, step: SweepStep) {
  const { table, sweptAt } = step;
  return inTransaction(pool, `sweep table "${table.name}"`, async (client) => {
    await checkpoints.takeTurn(client, namespace, table.name, step.turn);
    const ids = await unseenIds(client, namespace, table.name, step.before, step.limit);
    const { deletedCount, refused } = await removeRows(
      client,
      namespace,
      table.name,
      ids,
      step.isDeleteLogged ? sweptAt : undefined,
    );
    await rejectedRows.recordRejectedRows(
      client,
      namespace,
      table.name,
      refused.map(firstRejection(table.name, sweptAt, sweptAt, 'Delete')),
    );
    const isDone = ids.length < step.limit;
    const checkpoint = await checkpoints.moveCheckpoint(
      client,
      namespace,
      table.name,
      isDone ? step.advance : {},
      { successCount: deletedCount },
    );
    return { checkpoint, deletedCount };
  });
}

async function writeRetries(pool: Pool, namespace: Namespace, retry: RetryWrite) {
  const { table, readAt } = retry;
  let stage = '';
  return inTransaction(
    pool,
    `try rejected rows of table "${table.name}" again`,
    async (client) => {
      await checkpoints.takeTurn(client, namespace, table.name, retry.turn);
      const current = await stillRejected(client, namespace, table, retry.tried);
      const isCurrent = (row: Row) => current.has(String(row[table.idSource]).toLowerCase());
      const prepared = prepareRows(table, retry.rows.filter(isCurrent));
      const { refused } = await writeRows(client, { namespace, table, stage }, prepared, 'newer', readAt);
      const gone = retry.goneIds.flatMap((id) => current.get(id) ?? []);
      const deletes = await removeRows(
        client,
        namespace,
        table.name,
        gone.filter(({ changeType }) => changeType === 'Delete').map(({ id }) => id),
        retry.isDeleteLogged ? readAt : undefined,
      );
      const refusals = new Map([...refused, ...deletes.refused].map((refusal) => [refusal.id, refusal]));
      const seenIds = new Set([
        ...[...prepared.rows, ...prepared.inexpressible].map(({ id }) => id),
        ...gone.map(({ id }) => id),
      ]);
      const resolvedIds = [...seenIds].filter((id) => !refusals.has(id));
      const rejected = [...current.values()]
        .filter(({ id }) => refusals.has(id) || !seenIds.has(id))
        .map((row) => againRejected(row, refusals.get(row.id), retry.nextAttemptAt));
      await rejectedRows.forgetRejectedRows(client, namespace, table.name, resolvedIds);
      await rejectedRows.updateRejectedRows(client, namespace, table.name, rejected);
      await checkpoints.addToCounts(client, namespace, table.name, {
        successCount: resolvedIds.length,
        version: greatestVersion(prepared),
      });
      return { rejected };
    },
    async (client) => {
      if (retry.rows.length > 0) stage = await ensureStage(client, table);
    },
  );
}

/** The records that no page has replaced or removed since they were read, locked. */
async function stillRejected(
  client: PoolClient,
  namespace: Namespace,
  table: DestinationTable,
  tried: readonly RejectedRow[],
): Promise<ReadonlyMap<string, RejectedRow>> {
  const ids = tried.map(({ id }) => id);
  const stored = await rejectedRows.rejectedRowsById(client, namespace, table.name, ids);
  const triedById = new Map(tried.map((row) => [row.id, row]));
  return new Map(
    stored
      .filter(({ id, attempts, version }) => {
        const row = triedById.get(id);
        return row?.attempts === attempts && row.version === version;
      })
      .map((row) => [row.id, row]),
  );
}

function againRejected(row: RejectedRow, refusal: Refusal | undefined, nextAttemptAt: Date): RejectedRow {
  return {
    ...row,
    attempts: row.attempts + 1,
    nextAttemptAt: nextAttemptAt.toISOString(),
    ...(refusal && {
      version: laterVersion(row.version, refusal.version),
      code: refusal.code,
      reason: refusal.reason,
    }),
  };
}

function postgresDestination(pool: Pool, namespace: Namespace, close: () => Promise<void>): Destination {
  const transaction = <T>(doing: string, work: (client: PoolClient) => Promise<T>) =>
    inTransaction(pool, doing, work);
  const onCheckpoint = (table: string) => `read or move the checkpoint of table "${table}"`;
  const onRejected = (table: string) => `read or settle rejected rows of table "${table}"`;
  return {
    test: (tableNames) => testDestination(pool, namespace, tableNames),
    ensureSystemTables: ({ hasDeleteLog }) => ensureSystemTables(pool, namespace, hasDeleteLog),
    ensureTable: (table) => ensureTable(pool, namespace, table),
    claim: (table, owner) =>
      transaction(onCheckpoint(table), (client) =>
        checkpoints.claimCheckpoint(client, namespace, table, owner),
      ),
    restart: (table, turn) =>
      transaction(onCheckpoint(table), async (client) => {
        await checkpoints.takeTurn(client, namespace, table, turn);
        return checkpoints.restartCheckpoint(client, namespace, table);
      }),
    writePage: (page) => writePage(pool, namespace, page),
    sweep: (step) => sweep(pool, namespace, step),
    advance: (table, turn, advance) =>
      transaction(onCheckpoint(table), async (client) => {
        await checkpoints.takeTurn(client, namespace, table, turn);
        return checkpoints.moveCheckpoint(client, namespace, table, advance);
      }),
    checkpoint: (table) =>
      transaction(onCheckpoint(table), (client) => checkpoints.readCheckpoint(client, namespace, table)),
    dueRejectedRows: (table, now, limit) =>
      transaction(onRejected(table), (client) =>
        rejectedRows.dueRejectedRows(client, namespace, table, now, limit),
      ),
    nextAttemptAt: (table) =>
      transaction(onRejected(table), (client) => rejectedRows.nextAttemptAt(client, namespace, table)),
    writeRetries: (retry) => writeRetries(pool, namespace, retry),
    settleRejectedRows: (table, rows) =>
      transaction(onRejected(table), async (client) => {
        const failureCount = await rejectedRows.settleRejectedRows(client, namespace, table, rows);
        await checkpoints.addToCounts(client, namespace, table, { failureCount });
        return failureCount;
      }),
    rowVersions: (table, ids) =>
      transaction(`read row versions of table "${table}"`, (client) =>
        versionsById(client, namespace, table, ids),
      ),
    close,
  };
}

/** Destinations in PostgreSQL, 13 or later. All that are opened with one connection string share its connections. */
export function postgresDestinations(): Destinations {
  const pools = new Map<string, { readonly pool: Pool; users: number }>();
  const leave = async (connectionString: string) => {
    const shared = pools.get(connectionString);
    if (shared === undefined || --shared.users > 0) return;
    pools.delete(connectionString);
    await shared.pool.end();
  };
  return {
    typeOf: typeOfConnectionString,
    open: (connectionString, namespace) => {
      if (typeOfConnectionString(connectionString) !== 'PostgreSql')
        throw new ServiceError(
          'SECRET_VALUE_INVALID',
          'Cannot open the destination: the secret is for SQL Server, which this version does not write; expected PostgreSQL.',
        );
      const shared = pools.get(connectionString) ?? { pool: openPool(connectionString), users: 0 };
      pools.set(connectionString, shared);
      shared.users++;
      let isClosed = false;
      return postgresDestination(shared.pool, namespace, async () => {
        if (isClosed) return;
        isClosed = true;
        await leave(connectionString);
      });
    },
  };
}
