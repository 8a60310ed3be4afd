import {
  type ComparedTable,
  type DifferenceEffect,
  differenceText,
  effectOf,
  type TableDifference,
} from '../shared/model/table-difference.ts';

const consequences: Readonly<Record<TableDifference['kind'], string>> = {
  'missing-table': 'will be made',
  'taken-name': 'IN THE WAY',
  'missing-key': 'IN THE WAY',
  'other-key-name': 'left alone',
  'missing-column': 'will be added',
  'narrower-column': 'will be widened',
  'conflicting-column': 'IN THE WAY',
  'unknown-column': 'left alone',
};

/** The report for people, with a summary as its last line. */
export function reportOf(compared: readonly ComparedTable[]): string {
  const different = compared.filter(({ differences }) => differences.length > 0);
  const lines = different.flatMap(({ table, isSystemTable, differences }) => [
    `${table}${isSystemTable ? " (replication's own)" : ''}`,
    ...differences.map((each) => `  ${consequences[each.kind].padEnd(16)}${differenceText(each)}`),
  ]);
  const all = different.flatMap(({ differences }) => differences);
  const count = (effect: DifferenceEffect) => all.filter((each) => effectOf(each) === effect).length;
  const effects = `${count('change')} to be made, ${count('conflict')} in the way, ${count('kept')} left alone`;
  const equal = `${compared.length - different.length} of ${compared.length} tables are as they would be made`;
  return [...lines, all.length === 0 ? `${equal}.` : `${equal}; ${all.length} differences: ${effects}.`].join(
    '\n',
  );
}
