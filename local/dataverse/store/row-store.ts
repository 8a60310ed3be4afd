import { DatabaseSync, type StatementSync } from 'node:sqlite';

export type StoredRow = { key: string; version: number; text: string };
export type Tombstone = { key: string; version: number; deletedAt: string };
/** Bounds of a read in key order; `after` excludes, `from` includes, `below` excludes; versions are inclusive. */
export type RowRange = {
  after?: string;
  from?: string;
  below?: string;
  minVersion?: number;
  maxVersion?: number;
};

type Statements = {
  get: StatementSync;
  put: StatementSync;
  remove: StatementSync;
  removeAll: StatementSync;
  count: StatementSync;
  byKey: StatementSync;
  byVersion: StatementSync;
  changes: StatementSync;
  keyAt: StatementSync;
};

export type RowStore = ReturnType<typeof rowStore>;

const lowestKey = '';
const highestKey = 'g';

/**
 * Rows of all tables in one SQLite file, one version counter for all of them. Every write belongs in `transaction`;
 * a process that is killed keeps what was committed (write-ahead log), and the counter goes on after a restart.
 */
export function rowStore(file: string) {
  const database = new DatabaseSync(file);
  database.exec(`
    PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    PRAGMA cache_size = -65536; PRAGMA mmap_size = 4294967296;
    CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS deleted ("table" TEXT, key TEXT, version INTEGER, deleted_at TEXT);
    CREATE INDEX IF NOT EXISTS deleted_version ON deleted ("table", version);
  `);
  const readState = database.prepare('SELECT value FROM state WHERE name = ?');
  const writeState = database.prepare('INSERT OR REPLACE INTO state VALUES (?, ?)');
  const bury = database.prepare('INSERT INTO deleted VALUES (?, ?, ?, ?)');
  const exhume = database.prepare('DELETE FROM deleted WHERE "table" = ?');
  const buried = database.prepare(
    `SELECT key, max(version) AS version, deleted_at AS deletedAt FROM deleted
     WHERE "table" = ? AND version > ? AND version <= ? GROUP BY key ORDER BY version LIMIT ?`,
  );
  const tables = new Map<string, Statements>();
  let version = Number(state('version') ?? 2_264_385);
  let isInTransaction = false;
  const held = new Set<number>();
  let afterwards: (() => void)[] = [];

  function state(name: string): string | undefined {
    return readState.get(name)?.value as string | undefined;
  }

  function statements(table: string): Statements {
    const known = tables.get(table);
    if (known) return known;
    const name = `"rows_${table.replace(/\W/g, '')}"`;
    database.exec(`CREATE TABLE IF NOT EXISTS ${name} (key TEXT PRIMARY KEY, version INTEGER NOT NULL, text TEXT NOT NULL);
      CREATE INDEX IF NOT EXISTS "${name.slice(1, -1)}_version" ON ${name} (version)`);
    const range = 'key > ? AND key >= ? AND key < ? AND version >= ? AND version <= ?';
    const made: Statements = {
      get: database.prepare(`SELECT key, version, text FROM ${name} WHERE key = ?`),
      put: database.prepare(`INSERT OR REPLACE INTO ${name} VALUES (?, ?, ?)`),
      remove: database.prepare(`DELETE FROM ${name} WHERE key = ?`),
      removeAll: database.prepare(`DELETE FROM ${name}`),
      count: database.prepare(`SELECT count(*) AS count FROM ${name}`),
      byKey: database.prepare(`SELECT key, version, text FROM ${name} WHERE ${range} ORDER BY key LIMIT ?`),
      byVersion: database.prepare(
        `SELECT key, version, text FROM ${name} WHERE version > ? AND version <= ? ORDER BY version LIMIT ?`,
      ),
      changes: database.prepare(`SELECT count(*) AS count FROM ${name} WHERE version > ? AND version <= ?`),
      keyAt: database.prepare(`SELECT key FROM ${name} ORDER BY key LIMIT 1 OFFSET ?`),
    };
    tables.set(table, made);
    return made;
  }

  return {
    state,
    setState: (name: string, value: string) => void writeState.run(name, value),
    currentVersion: () => version,
    nextVersion: () => ++version,
    /** A version that was given out and is not committed yet, until `release`. */
    hold: (uncommitted: number) => void held.add(uncommitted),
    release: (uncommitted: number) => void held.delete(uncommitted),
    /** Up to here nothing is uncommitted (`min_active_rowversion() - 1` of SQL Server). */
    settledVersion: () => Math.min(version, ...[...held].map((uncommitted) => uncommitted - 1)),

    /** Commits all or nothing; the version counter is stored with the rows. Nests. */
    transaction<Result>(work: () => Result): Result {
      if (isInTransaction) return work();
      const before = version;
      isInTransaction = true;
      database.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        writeState.run('version', String(version));
        database.exec('COMMIT');
        for (const act of afterwards) act();
        return result;
      } catch (error) {
        database.exec('ROLLBACK');
        version = before;
        throw error;
      } finally {
        isInTransaction = false;
        afterwards = [];
      }
    },
    /** Done once the transaction that is under way is committed. */
    afterCommit: (act: () => void) => void afterwards.push(act),

    count: (table: string) => statements(table).count.get()?.count as number,
    get: (table: string, key: string) => statements(table).get.get(key) as StoredRow | undefined,
    keyAt: (table: string, offset: number) => statements(table).keyAt.get(offset)?.key as string | undefined,
    put: (table: string, row: StoredRow) => void statements(table).put.run(row.key, row.version, row.text),
    remove(table: string, key: string, deletedAt: string) {
      statements(table).remove.run(key);
      bury.run(table, key, ++version, deletedAt);
    },

    /** Forgets the rows of a table, and those that were deleted of it. */
    drop(table: string) {
      statements(table).removeAll.run();
      exhume.run(table);
      writeState.run(`samples ${table}`, '0');
    },

    /** Rows in key order, read lazily: stop iterating when enough have been seen. */
    scan: (table: string, range: RowRange, limit = -1) =>
      statements(table).byKey.iterate(
        range.after ?? lowestKey,
        range.from ?? lowestKey,
        range.below ?? highestKey,
        range.minVersion ?? 0,
        range.maxVersion ?? Number.MAX_SAFE_INTEGER,
        limit,
      ) as Iterable<StoredRow>,
    changedRows: (table: string, after: number, upTo: number, limit: number) =>
      statements(table).byVersion.all(after, upTo, limit) as StoredRow[],
    countChanged: (table: string, after: number, upTo: number) =>
      statements(table).changes.get(after, upTo)?.count as number,
    tombstones: (table: string, after: number, upTo: number, limit: number) =>
      buried.all(table, after, upTo, limit) as Tombstone[],
    close: () => database.close(),
  };
}
