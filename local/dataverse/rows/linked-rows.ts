import type { Organization } from '../organization.ts';
import type { Table } from '../schema/table.ts';
import { sortKey } from '../store/guid-order.ts';
import type { RowStore } from '../store/row-store.ts';
import { parseRow } from '../store/row-text.ts';

type Side = { table: string; column: string };
/** A many-to-many relationship as one of its tables sees it. */
export type Link = { intersect: string; near: Side; far: Side; farTable: Table };

/** The relationship that the navigation property names on this table. */
export function findLink({ schema }: Pick<Organization, 'schema'>, table: Table, navigation: string) {
  const found = table.manyToMany.find(({ schemaName }) => schemaName === navigation);
  if (!found) return undefined;
  const { intersect, first, second } = found;
  const [near, far] = first.table === table.name ? [first, second] : [second, first];
  const farTable = schema.tables.get(far.table);
  return farTable && ({ intersect, near, far, farTable } satisfies Link);
}

/** Keys on the `to` side of the intersect rows whose key on the `from` side is wanted, in order. */
export function linkedKeys(
  store: RowStore,
  { intersect, from, to }: { intersect: string; from: Side; to: Side },
  isWanted: (key: string) => boolean,
): string[] {
  const keys = new Set<string>();
  for (const row of store.scan(intersect, {})) {
    const values = parseRow(row.text);
    const keyOf = ({ column }: Side) => sortKey(values.get(column)?.slice(1, -1) ?? '');
    if (isWanted(keyOf(from))) keys.add(keyOf(to));
  }
  return [...keys].sort();
}
