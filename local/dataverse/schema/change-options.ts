import { type Column, isLookup, type Option, type Table } from './table.ts';

/** What `POST /simulator/schema` can do to the options or targets of a column. */
export type OptionChange =
  | { table: string; column: string; addOption: Option }
  | { table: string; column: string; dropOption: number }
  | { table: string; column: string; changeLabel: { value: number; label: string; language: number } }
  | { table: string; column: string; addTarget: string };

/** Applies a change to a column and to all that share its option set; throws a plain sentence when it makes no sense. */
export function changeOptions(column: Column, change: OptionChange, tables: Iterable<Table>): void {
  if ('addTarget' in change) {
    if (!isLookup(column) || column.targets.includes(change.addTarget))
      throw new Error(`Cannot add a target to column "${column.name}": it is no lookup, or has this target.`);
    column.targets.push(change.addTarget);
    return;
  }
  for (const { options } of sharing(column, tables)) apply(column.name, options, change);
}

function sharing(column: Column, tables: Iterable<Table>): readonly Column[] {
  const { name, isGlobal } = column.optionSet ?? {};
  if (!isGlobal) return [column];
  return [...tables]
    .flatMap(({ columns }) => columns)
    .filter(({ optionSet }) => optionSet?.isGlobal && optionSet.name === name);
}

function apply(
  name: string,
  options: Option[] | undefined,
  change: Exclude<OptionChange, { addTarget: string }>,
): void {
  if ('addOption' in change) {
    if (!options || options.some(({ value }) => value === change.addOption.value))
      throw new Error(`Cannot add an option to column "${name}": it has no options, or has this value.`);
    options.push({ ...change.addOption });
    return;
  }
  const value = 'dropOption' in change ? change.dropOption : change.changeLabel.value;
  const at = options?.findIndex((option) => option.value === value) ?? -1;
  const option = options?.[at];
  if (!option) throw new Error(`Cannot change option ${value} of column "${name}": there is no such option.`);
  if ('dropOption' in change) options?.splice(at, 1);
  else option.labels = { ...option.labels, [change.changeLabel.language]: change.changeLabel.label };
}
