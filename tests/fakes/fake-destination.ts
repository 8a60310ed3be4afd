import type { ErrorCode } from '../../shared/error-codes.ts';
import { ServiceError } from '../../shared/errors.ts';
import type { ChangeType, Row } from '../../shared/model/change.ts';
import type { Checkpoint, CheckpointAdvance, Turn } from '../../shared/model/checkpoint.ts';
import type { RejectedRow } from '../../shared/model/rejected-row.ts';
import type { DestinationTable } from '../../shared/model/table-schema.ts';
import type { Destination, PageWrite } from '../../shared/ports/destination.ts';
import { addedColumns } from '../../shared/schema/compare-table.ts';
import { hadAnyOf } from '../../shared/schema/fingerprint.ts';
import { rowId } from '../../shared/schema/row-id.ts';
import { compareVersions, laterVersion, versionOfRow } from '../../shared/schema/row-version.ts';
import { systemTables } from '../../shared/schema/system-tables.ts';
import { canonicalValue } from '../../shared/schema/values.ts';
import { fakeComparison, fakeSteps } from './fake-comparison.ts';
import type { FakeDestination } from './fake-destination-controls.ts';
import { fakeMetadataTables } from './fake-metadata-tables.ts';
import { afterVainRetry, fakeRejectedRows } from './fake-rejected-rows.ts';
import {
  expressed,
  idsAfter,
  newestRows,
  type Refusal,
  type RefusalRule,
  reasonOf,
  type StoredRow,
  tooLong,
} from './stored-row.ts';

export type { FakeDestination };

interface FakeTable {
  shape: DestinationTable;
  readonly rows: Map<string, StoredRow>;
}

const fault = (code: ErrorCode, message: string) => new ServiceError(code, message);

/** Makes an empty destination. Every call is one step that no other call interrupts, which stands for its transaction. */
export function fakeDestination(): FakeDestination {
  const tables = new Map<string, FakeTable>();
  const checkpoints = new Map<string, Checkpoint>();
  const rejected = fakeRejectedRows();
  const { forget } = rejected;
  const deleteLog: { table: string; id: string; version: string }[] = [];
  const systemNames = new Set<string>();
  let rowRule: (table: string, row: Readonly<StoredRow>) => RefusalRule | undefined = () => undefined;
  let deleteRule: (table: string, id: string) => RefusalRule | undefined = () => undefined;
  let outage: ServiceError | undefined;

  const step = async <T>(work: () => T): Promise<T> => {
    await Promise.resolve();
    if (outage) throw outage;
    return work();
  };
  const metadata = fakeMetadataTables(step);
  const tableOf = (name: string): FakeTable => {
    const table = tables.get(name);
    if (table === undefined)
      throw fault('DESTINATION_OBJECT_MISSING', `Cannot write table "${name}": it does not exist.`);
    return table;
  };
  const takeTurn = (table: string, turn: Turn): Checkpoint => {
    const stored = checkpoints.get(table);
    if (stored?.epoch !== turn.epoch || stored.sequence !== turn.sequence)
      throw fault('DESTINATION_TURN_LOST', `Cannot write table "${table}": its checkpoint has moved.`);
    return stored;
  };
  const put = (checkpoint: Checkpoint): Checkpoint => {
    checkpoints.set(checkpoint.table, checkpoint);
    return checkpoint;
  };
  const move = (from: Checkpoint, advance: CheckpointAdvance, successCount = 0) => {
    const given = { ...from, ...advance };
    const members = Object.entries(given).filter(([, value]) => value !== undefined);
    return put({
      ...(Object.fromEntries(members) as unknown as Checkpoint),
      sequence: from.sequence + 1,
      successCount: from.successCount + successCount,
    });
  };

  const writeRow = (shape: DestinationTable, row: Row, mode: PageWrite['mode'], at: string) => {
    const { loadStartedAt = '' } = checkpoints.get(shape.name) ?? {};
    const table = tableOf(shape.name);
    const id = canonicalValue({ kind: 'guid' }, row[shape.idSource]) ?? '';
    const version = versionOfRow(row);
    const stored = table.rows.get(id);
    const isOlder = compareVersions(version, stored?.versionnumber ?? '0');
    const isUndone =
      stored && mode === 'reload' && isOlder < 0 && (stored.SinkModifiedOn ?? '') < loadStartedAt;
    const refuse = (rule: RefusalRule): Refusal | undefined => {
      if (stored && mode === 'reload') stored.SinkModifiedOn = at;
      if (isUndone) stored.versionnumber = null;
      const isSuperseded = stored && isOlder < (mode === 'refill' ? 0 : 1) && !isUndone;
      return isSuperseded ? undefined : { ...rule, id, version, verb: 'write' };
    };
    let values: StoredRow;
    try {
      values = expressed(shape, row);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      const [column, wrong] = error.parameters;
      return {
        isWritten: false,
        refusal: refuse({ code: error.code, wrong: `column "${column}" ${wrong}` }),
      };
    }
    const rule = tooLong(table.shape, values) ?? rowRule(shape.name, { Id: id, ...values });
    if (rule) return { isWritten: false, refusal: refuse(rule) };
    const isWritten = !stored || isOlder > 0 || isUndone || (mode !== 'newer' && isOlder === 0);
    if (isWritten)
      table.rows.set(id, {
        ...stored,
        Id: id,
        SinkCreatedOn: stored?.SinkCreatedOn ?? at,
        SinkModifiedOn: at,
        ...values,
      });
    const record = rejected.get(shape.name, id);
    if (record && compareVersions(record.version, version) <= 0) forget(shape.name, id);
    return { isWritten, refusal: undefined };
  };

  const ruleOf = (shape: DestinationTable, row: Row) => {
    const values = { Id: rowId(row, shape.idSource), ...expressed(shape, row) };
    return tooLong(tableOf(shape.name).shape, values) ?? rowRule(shape.name, values);
  };

  const writeRows = (shape: DestinationTable, rows: readonly Row[], mode: PageWrite['mode'], at: Date) => {
    const newest = newestRows(rows, shape.idSource);
    const results = [...newest.values()].map((row) => writeRow(shape, row, mode, at.toISOString()));
    return {
      ids: [...newest.keys()],
      writtenCount: results.filter(({ isWritten }) => isWritten).length,
      refused: results.flatMap(({ refusal }) => refusal ?? []),
    };
  };

  const removeRows = (table: string, ids: readonly string[], isLogged: boolean) => {
    const refused: Refusal[] = [];
    let deletedCount = 0;
    for (const id of ids) {
      const stored = tableOf(table).rows.get(id);
      const version = stored?.versionnumber ?? '0';
      const rule = stored && deleteRule(table, id);
      if (rule) refused.push({ ...rule, id, version, verb: 'delete' });
      else {
        if (stored && isLogged && systemNames.has(systemTables.deleteLog))
          deleteLog.push({ table, id, version });
        if (tableOf(table).rows.delete(id)) deletedCount++;
        forget(table, id);
      }
    }
    return { deletedCount, refused };
  };

  const record = (table: string, refusals: readonly Refusal[], at: Date, nextAttemptAt: Date) =>
    refusals.map((refusal) => {
      const { id, version, code, verb } = refusal;
      const known = rejected.get(table, id);
      const isKept =
        known &&
        compareVersions(known.version, version) >= 0 &&
        !(verb === 'delete' && known.changeType !== 'Delete');
      const noticedAt = at.toISOString();
      if (isKept) {
        const kept = { ...known, noticedAt: noticedAt > known.noticedAt ? noticedAt : known.noticedAt };
        rejected.set(kept);
        return kept;
      }
      const exists = tableOf(table).rows.has(id);
      const changeType: ChangeType = verb === 'delete' ? 'Delete' : exists ? 'Update' : 'New';
      const row: RejectedRow = {
        table,
        id,
        version: laterVersion(version, known?.version ?? '0'),
        changeType,
        noticedAt,
        attempts: 1,
        nextAttemptAt: nextAttemptAt.toISOString(),
        code,
        reason: reasonOf(refusal, table),
        isResync: checkpoints.get(table)?.isResync === true,
      };
      rejected.set(row);
      return row;
    });

  const anew = { phase: 'identity', sequence: 0, rowsLoaded: 0, pageInPass: 0 } as const;
  const loadAnew = (table: string, needsSweep: boolean, isResync = false): Checkpoint | undefined => {
    rejected.forgetGivenUp(table);
    const stored = checkpoints.get(table);
    if (stored === undefined) return undefined;
    const { profileId, activation, epoch, successCount, failureCount } = stored;
    const kept = { table, profileId, activation, epoch: epoch + 1, successCount, failureCount };
    return put({ ...anew, ...kept, needsSweep, isResync });
  };
  const holdsRows = (table: string) => (tables.get(table)?.rows.size ?? 0) > 0;

  function claim(
    table: string,
    { profileId, activation, replaces }: Parameters<Destination['claim']>[1],
  ): Checkpoint {
    const stored = checkpoints.get(table);
    const isSame = stored?.profileId === profileId;
    if (stored && !isSame && stored.profileId !== replaces)
      throw new ServiceError(
        'DESTINATION_TABLE_CONFLICT',
        `Cannot claim table "${table}": another profile fills it.`,
        { parameters: [stored.profileId] },
      );
    if (stored && isSame && stored.activation === activation) return stored;
    if (stored && isSame && stored.activation > activation)
      throw fault('DESTINATION_TURN_LOST', `Cannot claim table "${table}": a later activation has it.`);
    const epoch = (stored?.epoch ?? 0) + 1;
    if (stored && isSame && stored.phase === 'delta')
      return put({ ...stored, activation, epoch, sequence: 0 });
    if (!isSame) for (const { id } of rejected.tried(table)) forget(table, id);
    rejected.forgetGivenUp(table);
    const counts = { successCount: 0, failureCount: 0, isResync: false };
    return put({
      ...anew,
      ...counts,
      table,
      profileId,
      activation,
      epoch,
      needsSweep: holdsRows(table),
    });
  }

  return {
    rows: (table) => tables.get(table)?.rows ?? new Map(),
    metadataRows: metadata.rows,
    deleteLog,
    rejectedRows: () => rejected.tried(),
    refuseRows: (rule) => {
      rowRule = rule;
    },
    refuseDeletes: (rule) => {
      deleteRule = rule;
    },
    failWith: (error) => {
      outage = error;
    },
    dropTable: (table) => {
      tables.delete(table);
      metadata.drop(table);
    },
    test: async () =>
      outage
        ? [{ severity: 'error', code: outage.code, message: outage.message }]
        : [{ severity: 'ok', message: 'Connected to a destination in memory.' }],
    compare: (wanted) => step(() => fakeComparison(wanted, (name) => tables.get(name)?.shape, systemNames)),
    owners: (names) =>
      step(() => {
        const found = [...checkpoints.values()].filter(({ table }) => names.includes(table));
        return new Map(found.map(({ table, profileId }) => [table, profileId]));
      }),
    ensureSystemTables: (options) =>
      step(() => {
        metadata.ensure();
        for (const name of Object.values(systemTables))
          if (name !== systemTables.deleteLog || options.hasDeleteLog) systemNames.add(name);
      }),
    ...metadata.calls,
    ensureTable: (shape) =>
      step(() => {
        const known = tables.get(shape.name);
        if (known === undefined) {
          tables.set(shape.name, { shape, rows: new Map() });
          loadAnew(shape.name, false);
          return { changes: [`table "${shape.name}" created`] };
        }
        const steps = fakeSteps(known.shape, shape);
        const columns = new Map(known.shape.columns.map((column) => [column.name, column]));
        for (const { column } of steps) columns.set(column.name, column);
        known.shape = { ...shape, columns: [...columns.values()] };
        if (hadAnyOf(checkpoints.get(shape.name)?.shape, addedColumns(steps))) loadAnew(shape.name, true);
        return { changes: steps.map(({ kind, column }) => `${kind} ${column.name}`) };
      }),
    claim: (table, owner) =>
      step(() => {
        const checkpoint = claim(table, owner);
        const nextAttemptAt = rejected.nextAttemptAt(table);
        return { checkpoint, ...(nextAttemptAt && { nextAttemptAt }) };
      }),
    restart: (table, turn) =>
      step(() => {
        const stored = takeTurn(table, turn);
        return loadAnew(table, true) ?? stored;
      }),
    writePage: (page) =>
      step(() => {
        const from = takeTurn(page.table.name, page.turn);
        const name = tableOf(page.table.name).shape.name;
        const upserts = writeRows(page.table, page.rows, page.mode, page.readAt);
        const deletes = removeRows(name, page.deletedIds, page.isDeleteLogged);
        const refused = [...upserts.refused, ...deletes.refused];
        const records = record(name, refused, page.readAt, page.nextAttemptAt);
        const handled = upserts.ids.length + page.deletedIds.length - refused.length;
        const checkpoint = move(from, page.advance, handled);
        const { writtenCount } = upserts;
        return { checkpoint, writtenCount, deletedCount: deletes.deletedCount, rejected: records };
      }),
    sweep: ({ table: { name }, turn, before, limit, advance, isDeleteLogged, sweptAt }) =>
      step(() => {
        const from = takeTurn(name, turn);
        const isUnseen = ([id, row]: [string, StoredRow]) =>
          (row.SinkModifiedOn ?? '') < before.toISOString() &&
          (rejected.get(name, id)?.noticedAt ?? '') < before.toISOString();
        const ids = [...tableOf(name).rows]
          .filter(isUnseen)
          .slice(0, limit)
          .map(([id]) => id);
        const { deletedCount, refused } = removeRows(name, ids, isDeleteLogged);
        record(name, refused, sweptAt, sweptAt);
        return { checkpoint: move(from, ids.length < limit ? advance : {}, deletedCount), deletedCount };
      }),
    advance: (table, turn, advance) => step(() => move(takeTurn(table, turn), advance)),
    checkpoint: (table) => step(() => checkpoints.get(table)),
    dueRejectedRows: (table, now, limit) =>
      step(() =>
        rejected
          .tried(table)
          .filter(({ nextAttemptAt }) => nextAttemptAt <= now.toISOString())
          .slice(0, limit),
      ),
    nextAttemptAt: (table) => step(() => rejected.nextAttemptAt(table)),
    writeRetries: (retry) =>
      step(() => {
        const { name, idSource } = retry.table;
        const from = takeTurn(name, retry.turn);
        const tried = retry.tried.filter(rejected.isCurrent);
        const ids = new Set(tried.map(({ id }) => id));
        const rows = retry.rows.filter((row) => ids.has(rowId(row, idSource)));
        const mode = retry.tried.some(({ isResync }) => isResync) ? 'reload' : 'refill';
        const upserts = writeRows(retry.table, rows, mode, retry.readAt);
        const gone = tried.filter(({ id }) => retry.goneIds.includes(id));
        const goneIds = gone.map(({ id }) => id);
        const deletes = removeRows(name, goneIds, retry.isDeleteLogged);
        const refusals = new Map([...upserts.refused, ...deletes.refused].map((each) => [each.id, each]));
        const seen = new Set([...upserts.ids, ...gone.map(({ id }) => id)]);
        const resolved = [...seen].filter((id) => !refusals.has(id));
        for (const id of resolved) forget(name, id);
        const again = tried
          .filter(({ id }) => refusals.has(id) || !seen.has(id))
          .map((row) => afterVainRetry(row, refusals.get(row.id), retry.nextAttemptAt));
        for (const row of again) rejected.set(row);
        put({ ...from, successCount: from.successCount + resolved.length });
        return { rejected: again };
      }),
    wouldTake: (shape, { rows, goneIds }) =>
      step(() => {
        const ids = rows.filter((row) => !ruleOf(shape, row)).map((row) => rowId(row, shape.idSource));
        return new Set([...ids, ...goneIds.filter((id) => !deleteRule(shape.name, id))]);
      }),
    giveUpRejectedRows: (table, rows) =>
      step(() => {
        const settled = rows.filter(rejected.isCurrent);
        for (const row of settled) rejected.set({ ...row, isGivenUp: true });
        const from = checkpoints.get(table);
        if (from) put({ ...from, failureCount: from.failureCount + settled.length });
        return settled.length;
      }),
    resync: (table, { profileId, scope, at }) =>
      step(() => {
        if (checkpoints.get(table)?.profileId !== profileId) return undefined;
        const { count, ended } = rejected.resync(table, scope, at);
        if (scope.kind === 'table') loadAnew(table, true, true);
        const from = checkpoints.get(table);
        const failureCount = scope.kind === 'rows' ? Math.max((from?.failureCount ?? 0) - ended, 0) : 0;
        if (from) put({ ...from, failureCount });
        return count;
      }),
    lastWrittenAt: (table) =>
      step(() => {
        const times = [...tableOf(table).rows.values()].map((row) => row.SinkModifiedOn ?? '').sort();
        const last = times.at(-1);
        return last ? new Date(last) : undefined;
      }),
    rowCount: (table) => step(() => tableOf(table).rows.size),
    rowVersions: (table, ids) =>
      step(() => {
        const { rows } = tableOf(table);
        return new Map(ids.flatMap((id) => (rows.has(id) ? [[id, rows.get(id)?.versionnumber ?? '0']] : [])));
      }),
    idsAfter: (table, ...part) => step(() => idsAfter(tableOf(table).rows, ...part)),
    rejectedAmong: (table, ids) => step(() => new Set(ids.filter((id) => rejected.get(table, id)))),
    certificateEndsAt: async () => undefined,
    close: async () => undefined,
  };
}
