import type { FailureCause } from '../model/failure.ts';

/**
 * Numbers of SQL Server and Azure SQL, `-2` of its client for a time-out, and what the network says through it. From
 * `sys.messages`: https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors
 * and https://learn.microsoft.com/azure/azure-sql/database/troubleshoot-common-errors-issues
 */
export const numbersOfSqlServer: Readonly<Partial<Record<FailureCause, readonly number[]>>> = {
  'destination-full': [1101, 1104, 1105, 5149, 9002, 40544],
  'destination-unreachable': [
    ...[64, 233, 10053, 10054, 10060, 10061, 11001],
    ...[921, 922, 926, 927, 942, 945, 976, 978, 983, 3906, 3908, 6005, 9001, 17142, 18401],
    ...[40197, 40613, 40615, 40914, 49918, 49919, 49920],
  ],
  'timeout-or-deadlock': [
    ...[-2, 701, 845, 1204, 1205, 1222, 3960, 8645, 8651],
    ...[10928, 10929, 40501, 40549, 40550, 40551, 40552, 40553],
  ],
  'text-too-long': [2628, 8152],
  'row-too-wide': [511, 1701, 1702, 1946],
  'number-out-of-range': [220, 232, 236, 244, 248, 1007, 3606, 8114, 8115],
  'date-out-of-range': [241, 242, 295, 296, 298, 517],
  'missing-object': [207, 208, 911, 1088, 2715, 2760, 2812, 4060, 4064, 4701, 4902, 4924],
  'object-exists': [271, 1779, 1781, 1913, 2705, 2714, 3726, 3729, 4922, 5074],
  constraint: [513, 515, 547, 550, 2601, 2627, 3609, 3616],
  permission: [229, 230, 262, 297, 300, 916, 4834, 15247, 18452, 18456, 18470, 18486, 18487, 18488],
};

/**
 * SQLSTATEs of PostgreSQL and, with an S or HY, of ODBC; two characters are a whole class.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export const statesOfPostgres: Readonly<Partial<Record<FailureCause, readonly string[]>>> = {
  'destination-full': ['53100'],
  'destination-unreachable': ['08', '25006', '57', '58'],
  'timeout-or-deadlock': ['25P03', '25P04', '40', '53', '55', '57014', 'HYT00', 'HYT01'],
  'text-too-long': ['22001'],
  'row-too-wide': ['54'],
  'number-out-of-range': ['22003'],
  'date-out-of-range': ['22007', '22008'],
  'missing-object': ['3D000', '3F000', '42703', '42704', '42883', '42P01', '42S02', '42S22', '57P04'],
  'object-exists': [
    ...['0A000', '2B', '42701', '42710', '42723', '42804', '42809', '428C9'],
    ...['42P04', '42P06', '42P07', '42P10', '42S01', '42S21'],
  ],
  constraint: ['23', '44', 'P0001', 'P0004'],
  permission: ['28', '42501'],
};

const causesOf = (table: Readonly<Partial<Record<FailureCause, readonly (number | string)[]>>>) =>
  new Map(
    Object.entries(table).flatMap(([cause, marks]) =>
      marks.map((mark) => [String(mark), cause as FailureCause] as const),
    ),
  );
const causesOfNumbers = causesOf(numbersOfSqlServer);
const causesOfStates = causesOf(statesOfPostgres);

const causeOfState = (state: string) => causesOfStates.get(state) ?? causesOfStates.get(state.slice(0, 2));
const causeOfMark = (mark: string) =>
  causesOfNumbers.get(mark) ?? (mark.length === 5 ? causeOfState(mark) : undefined);

const state = (name: string) => `(?<${name}>(?=[A-Z]{0,4}\\d)[0-9A-Z]{5})`;

/**
 * How numbers are written: `SQLSTATE: 23505`, `SQLSTATE[23505]`; `Msg 8152,`, `Error Number:2628`, `error 1105`,
 * `ERROR: 23505:`; `23505: ` at the beginning; ` (23514)` at the end of a sentence, but not after the name of a type.
 */
const written = [
  `\\bsqlstate\\s{0,3}[:=]?\\s{0,3}\\[?${state('state')}(?![\\w-])`,
  `\\b(?:msg|error(?: ?number| ?code)?)\\s{0,3}[:=]?\\s{0,3}(?:(?<number>-?\\d{1,5})|${state('error')})(?![\\w-]|[.,]\\d)`,
  `(?:^|\\): )${state('first')}: `,
  `(?<!char|varying|binary|float|numeric|decimal|time\\d?) \\((?:(?<last>\\d{3,5})|${state('lastState')})\\)(?=\\.?$|\\.\\s)`,
];
const anyWritten = new RegExp(written.join('|'), 'gim');

const isOfDates = /\b(?:small)?datetime(?:2|offset)?\b|\bdata type (?:date|time)\b/i;

/** The cause by the first error number or SQLSTATE that is known, in a text without what stood in quotes. */
export function causeByNumber(text: string): FailureCause | undefined {
  for (const { groups } of text.matchAll(anyWritten)) {
    const { state, ...marks } = groups ?? {};
    const mark = Object.values(marks).find((found) => found !== undefined);
    const cause = state ? causeOfState(state) : causeOfMark(mark ?? '');
    // SQL Server has the same numbers for numbers and dates that it cannot convert.
    if (cause === 'number-out-of-range' && isOfDates.test(text)) return 'date-out-of-range';
    if (cause !== undefined) return cause;
  }
  return undefined;
}
