import type { Table } from './table.ts';

/** What `POST /simulator/schema` can do to a table as a whole. */
export type TableChange =
  | { table: string; changeTracking: boolean }
  | { table: string; renameSet: string }
  | { table: string; removeTable: true };

/** Object type codes of tables that customers add begin here. */
export const customTableCode = 10_000;

/** Applies a change to the table, which is in both maps; throws a plain sentence when it makes no sense. */
export function changeTable(
  table: Table,
  change: TableChange,
  { tables, bySet }: { tables: Map<string, Table>; bySet: Map<string, Table> },
): void {
  if ('renameSet' in change) {
    if (bySet.has(change.renameSet))
      throw new Error(`Cannot rename set "${table.set}": there is one named "${change.renameSet}".`);
    bySet.delete(table.set);
    table.set = change.renameSet;
    bySet.set(table.set, table);
    return;
  }
  if ('removeTable' in change) {
    if (table.code < customTableCode)
      throw new Error(`Cannot remove table "${table.name}": it is the platform's own; expected a copy.`);
    tables.delete(table.name);
    bySet.delete(table.set);
    return;
  }
  if (!table.canEnableChangeTracking)
    throw new Error(
      `Cannot change the change tracking of table "${table.name}": the table does not allow it.`,
    );
  table.isChangeTracked = change.changeTracking;
}
