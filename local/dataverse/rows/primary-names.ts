import type { Schema } from '../schema/schema.ts';
import { sortKey } from '../store/guid-order.ts';
import type { RowStore } from '../store/row-store.ts';
import { valueIn } from '../store/row-text.ts';

const limit = 500_000;

export type PrimaryNames = ReturnType<typeof primaryNames>;

/** Primary names of rows as JSON text, remembered: a page of 5000 rows asks for some 40,000 of them. */
export function primaryNames(schema: Schema, store: RowStore) {
  const known = new Map<string, string | undefined>();
  return {
    nameOf(tableName: string, id: string): string | undefined {
      const key = tableName + id;
      if (known.has(key)) return known.get(key);
      const table = schema.tables.get(tableName);
      const row = table && store.get(tableName, sortKey(id));
      const name = row && valueIn(row.text, table.primaryName);
      if (known.size > limit) known.clear();
      known.set(key, name);
      return name;
    },
    forget: (tableName: string, id: string) => void known.delete(tableName + id),
  };
}
