import { readdirSync, readFileSync } from 'node:fs';
import { changeHistory } from './change-history.ts';
import { changeOptions, type OptionChange } from './change-options.ts';
import { changeTable, customTableCode, type TableChange } from './change-table.ts';
import { parseColumn, parseTable } from './parse-table.ts';
import { type Column, copyOf, isInRows, type Table } from './table.ts';

/** A table's columns, arranged for reading rows: `inRows` are the members that a row's JSON has. */
export type Shape = { byName: Map<string, Column>; byProperty: Map<string, Column>; inRows: Column[] };

/** What `POST /simulator/schema` can do. A new column is a line of the definition format. */
export type SchemaChange =
  | { table: string; addColumn: string }
  | { table: string; dropColumn: string }
  | { table: string; column: string; maxLength: number }
  | OptionChange
  | { table: string; column: string; makeReadable: boolean }
  | TableChange
  | { table: string; copyAs: string }
  | { addLanguage: number };

export type Schema = ReturnType<typeof schema>;

/**
 * The tables of the organization, as `tables/*.txt` define them plus the changes made since. `revision` grows with each
 * change; `changedAt` is the row version at which a table was last changed (0 for never).
 */
export function schema() {
  const folder = new URL('../tables/', import.meta.url);
  const read = (file: string) => readFileSync(new URL(file, folder), 'utf8');
  const tables = new Map<string, Table>();
  const bySet = new Map<string, Table>();
  const shapes = new Map<string, Shape>();
  const changedAt = new Map<string, number>();
  const trackedAt = new Map<string, number>();
  const renamedAt = new Map<string, number>();
  const languages = [1033, 1031];
  const history = changeHistory();
  let revision = 173_309_522;
  let copies = 0;
  const moves: { readonly at: number; readonly from: number }[] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt')))
    add(parseTable(read(file), (name) => read(`include/${name}.txt`)));

  function add(table: Table): void {
    tables.set(table.name, table);
    bySet.set(table.set, table);
  }

  function shape(table: Table): Shape {
    const known = shapes.get(table.name);
    if (known) return known;
    const made: Shape = {
      byName: new Map(table.columns.map((column) => [column.name, column])),
      byProperty: new Map(table.columns.map((column) => [column.property, column])),
      inRows: table.columns.filter(isInRows),
    };
    shapes.set(table.name, made);
    return made;
  }

  function column(table: Table, name: string): Column {
    const found = shape(table).byName.get(name);
    if (!found)
      throw new Error(`Cannot change column "${name}" of table "${table.name}": there is no such column.`);
    return found;
  }

  return {
    tables,
    bySet,
    shape,
    /** Of the labels, the first is the organization's own. */
    languages: languages as readonly number[],
    revision: () => revision,
    history,
    /** The revision as it was so long ago: what a server tells whose metadata cache is not renewed yet. */
    revisionBefore(seconds: number): number {
      const since = performance.now() - seconds * 1000;
      return moves.find(({ at }) => at > since)?.from ?? revision;
    },
    changedAt: (table: Table) => changedAt.get(table.name) ?? 0,
    /** Since when the changes of the table are tracked, and it has its entity set; 0: from the start. */
    trackedAt: (table: Table) => trackedAt.get(table.name) ?? 0,
    renamedAt: (table: Table) => renamedAt.get(table.name) ?? 0,

    /** Applies one change; throws a plain sentence, and changes nothing, when it makes no sense. */
    change(change: SchemaChange, rowVersion: number): void {
      if ('addLanguage' in change) {
        if (languages.includes(change.addLanguage))
          throw new Error(`Cannot add language ${change.addLanguage}: the organization has it.`);
        languages.push(change.addLanguage);
        revision += 7;
        history.voidAll(revision);
        return;
      }
      const table = tables.get(change.table);
      if (!table) throw new Error(`Cannot change table "${change.table}": there is no such table.`);
      const isOfGlobal =
        'column' in change && (shape(table).byName.get(change.column)?.optionSet?.isGlobal ?? false);
      const names = 'copyAs' in change ? [change.copyAs] : [table.name];
      const touched = history.watch(
        () => (isOfGlobal ? [...tables.values()] : names.flatMap((name) => tables.get(name) ?? [])),
        isOfGlobal,
      );
      if ('addColumn' in change) {
        const added = parseColumn(change.addColumn, table);
        if (shape(table).byName.has(added.name))
          throw new Error(`Cannot add column "${added.name}" to table "${table.name}": it exists already.`);
        table.columns.push(added);
      } else if ('dropColumn' in change) {
        const dropped = column(table, change.dropColumn);
        if (dropped.isPrimaryId || dropped.isPrimaryName)
          throw new Error(`Cannot drop column "${dropped.name}": it is the key or the name of the table.`);
        table.columns = table.columns.filter(({ name, of }) => name !== dropped.name && of !== dropped.name);
      } else if ('maxLength' in change) {
        const changed = column(table, change.column);
        if (changed.length === undefined || change.maxLength < changed.length)
          throw new Error(
            `Cannot set MaxLength of column "${changed.name}": it is ${changed.length ?? 'not a text column'}; a MaxLength can only grow.`,
          );
        changed.length = change.maxLength;
        changed.databaseLength = change.maxLength * 2;
      } else if ('makeReadable' in change) {
        const changed = column(table, change.column);
        if (changed.isPrimaryId || changed.isPrimaryName)
          throw new Error(`Cannot make column "${changed.name}" unreadable: it is the key or the name.`);
        changed.canRead = change.makeReadable;
      } else if ('column' in change) {
        changeOptions(column(table, change.column), change, tables.values());
      } else if ('copyAs' in change) {
        if (tables.has(change.copyAs))
          throw new Error(`Cannot add table "${change.copyAs}": there is one of this name.`);
        add(copyOf(table, change.copyAs, customTableCode + copies++));
      } else {
        changeTable(table, change, { tables, bySet });
        if ('changeTracking' in change) trackedAt.set(table.name, rowVersion);
        if ('renameSet' in change) renamedAt.set(table.name, rowVersion);
      }
      moves.push({ at: performance.now(), from: revision });
      revision += 7;
      touched(revision);
      for (const name of names) changedAt.set(name, rowVersion);
      shapes.delete(table.name);
    },
  };
}
