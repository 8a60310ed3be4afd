import type { MetadataRow, MetadataTableKey, TableMetadata } from '../../shared/model/table-metadata.ts';
import { isLaterMark } from '../../shared/schema/metadata-mark.ts';
import {
  columnsOf,
  globalOptionNeeds,
  type MetadataTable,
  metadataTables,
} from '../../shared/schema/metadata-tables.ts';
import { systemTables } from '../../shared/schema/system-tables.ts';
import { canonicalValue } from '../../shared/schema/values.ts';

type Store = Map<string, MetadataRow>;

const keyOf = (row: MetadataRow, names: readonly string[]) => JSON.stringify(names.map((name) => row[name]));

/** The metadata tables in memory, and the calls of the destination that are about them. */
export function fakeMetadataTables(step: <T>(work: () => T) => Promise<T>) {
  const stores = new Map<string, Store>();
  const needs: Store = new Map();
  const marks = new Map<string, string>();
  const keys = Object.keys(metadataTables) as MetadataTableKey[];
  const storeOf = (key: MetadataTableKey) => stores.get(systemTables[key]) ?? new Map<string, MetadataRow>();

  /** Brings the rows of `store` that `isMine` to those given; how many differed. */
  const follow = (
    store: Store,
    shape: MetadataTable,
    given: readonly MetadataRow[],
    isMine: (row: MetadataRow) => boolean,
  ): number => {
    const names = columnsOf(shape, 'key');
    const values = columnsOf(shape, 'value');
    const wanted = new Map(given.map((row) => [keyOf(row, names), row]));
    let changed = 0;
    for (const [key, row] of store)
      if (isMine(row) && !wanted.has(key)) {
        store.delete(key);
        changed++;
      }
    for (const [key, row] of wanted) {
      const known = store.get(key);
      if (known && keyOf(known, values) === keyOf(row, values)) continue;
      const members = shape.columns.map(({ name }) => [name, row[name] ?? null] as const);
      store.set(key, Object.fromEntries(members));
      changed++;
    }
    return changed;
  };

  const write = ({ table, mark, replaces, rows }: TableMetadata): { changedRows: number } => {
    const stored = marks.get(table);
    if (isLaterMark(stored, mark) && stored !== replaces) return { changedRows: 0 };
    const isMine = (row: MetadataRow) => row.EntityName === table;
    const globals = new Set([...needs.values()].filter(isMine).map((row) => row.OptionSetName));
    const before = new Set([...needs.values()].filter(isMine).map((row) => globalKey(row)));
    follow(needs, globalOptionNeeds, rows.globalOptionSet, isMine);
    for (const { OptionSetName } of rows.globalOptionSet) globals.add(OptionSetName ?? null);
    const needed = [...needs.values()]
      .filter((row) => globals.has(row.OptionSetName))
      .sort((a, b) => (String(a.EntityName) < String(b.EntityName) ? 1 : -1));
    let changedRows = follow(storeOf('globalOptionSet'), metadataTables.globalOptionSet, needed, (row) =>
      before.has(globalKey(row)),
    );
    for (const key of keys)
      if (key !== 'globalOptionSet')
        changedRows += follow(storeOf(key), metadataTables[key], rows[key], isMine);
    if (mark === undefined) marks.delete(table);
    else marks.set(table, mark);
    return { changedRows };
  };

  return {
    ensure(): void {
      for (const key of keys)
        if (!stores.has(systemTables[key])) {
          stores.set(systemTables[key], new Map());
          marks.clear();
        }
    },
    drop: (name: string) => stores.delete(name),
    /** The rows of one of these tables by its name, every value as canonical text; undefined for another table. */
    rows: (name: string) => {
      const key = keys.find((each) => systemTables[each] === name);
      const store = stores.get(name);
      return store && key && [...store.values()].map((row) => canonicalRow(metadataTables[key], row));
    },
    calls: {
      metadataMark: (table: string) => step(() => marks.get(table)),
      writeMetadata: (metadata: TableMetadata) => step(() => write(metadata)),
    },
  };
}
function canonicalRow({ columns }: MetadataTable, row: MetadataRow): Record<string, string | null> {
  return Object.fromEntries(columns.map(({ name, type }) => [name, canonicalValue(type, row[name])]));
}

const globalNames = columnsOf(metadataTables.globalOptionSet, 'key');
const globalKey = (row: MetadataRow) => keyOf(row, globalNames);
