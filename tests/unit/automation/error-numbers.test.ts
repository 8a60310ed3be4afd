import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { classify } from '../../../shared/automation/classify.ts';
import {
  causeByNumber,
  numbersOfSqlServer,
  statesOfPostgres,
} from '../../../shared/automation/error-numbers.ts';
import { failureCauses } from '../../../shared/model/failure.ts';

const causeOf = (reason: string) => classify(reason).cause;

describe('the number of an error', () => {
  it.each([
    // SQL Server, also in a language that nobody knows the texts of.
    ['Msg 8152, Level 16, State 14: Zeichenfolgen- oder Binärdaten würden abgeschnitten.', 'text-too-long'],
    ['Falha.\nError Number:2628,State:1,Class:16', 'text-too-long'],
    ['Error Number:-2,State:0,Class:11', 'timeout-or-deadlock'],
    ['Échec, error 1105', 'destination-full'],
    ['(Microsoft SQL Server, Error: 40613)', 'destination-unreachable'],
    ['SQL Error: Error 1205', 'timeout-or-deadlock'],
    ['Fehler (error 547)', 'constraint'],
    ['Cannot write row "x" of table "account": the server refused the login (18456).', 'permission'],
    ['Cannot write row "x" of table "account": a column is missing (207). Restore it.', 'missing-object'],
    ['Msg 8115, Level 16: nach numeric', 'number-out-of-range'],
    ['Msg 8115, Level 16: nach datetime', 'date-out-of-range'],
    ['Msg 3621, Level 0.\nMsg 2714, Level 16, State 6', 'object-exists'],
    // PostgreSQL, and ODBC.
    ['SQLSTATE: 23505', 'constraint'],
    ['SQLSTATE[22001]: données trop longues', 'text-too-long'],
    ['SqlState: 42P01', 'missing-object'],
    ['SQLSTATE 42S02', 'missing-object'],
    ['ERROR: 40P01: Verklemmung', 'timeout-or-deadlock'],
    ['ERROR:  53100: plus de place', 'destination-full'],
    ['23505: doppelter Schlüsselwert', 'constraint'],
    ['Npgsql.PostgresException (0x80004005): 42501: keine Berechtigung', 'permission'],
    ['Cannot write row "x" of table "account": the table is not there (42P01).', 'missing-object'],
    ['Cannot write row "x" of table "account": whatever (57P01)', 'destination-unreachable'],
  ])('decides of "%s": %s', (reason, cause) => {
    expect(causeOf(reason)).toBe(cause);
  });

  it.each([
    ['Row "error 1205" is odd.'],
    ["Row 'SQLSTATE: 23505' is odd."],
    ['Row «Msg 8152, Level 16» is odd.'],
    ["Nobody knows the value 'it's error 1205' of row 5."],
    ["Odd. Truncated value: 'a' error 1205"],
    ['Odd. Failing row contains (1, error 1205).'],
    ['Odd. Key (name)=(SQLSTATE: 23505) is here.'],
    ['invalid input syntax for type integer: "a "error 1205" b"'],
    ['The column is nvarchar(220).'],
    ['The column is varchar (220).'],
    ['There are 1205 rows, 547 of them odd (8152 in all).'],
    ['Line 1205, state 547, error 3621'],
    ['error 1205.5'],
    ['error 12055'],
    ['SQLSTATE: 235055'],
    ['error while 1205'],
  ])('decides nothing where it is none: "%s"', (reason) => {
    expect(causeOf(reason)).toBe('unknown');
  });

  it('decides before a text, and the first one that is known before the others', () => {
    expect(causeOf('Msg 1205, Level 13: permission denied')).toBe('timeout-or-deadlock');
    expect(causeOf('error 99999, error 547, error 1205')).toBe('constraint');
    expect(causeOf('error 99999: permission denied')).toBe('permission');
  });

  it('is looked for in linear time', () => {
    const pieces = ['error ', 'sqlstate ', ' (', 'error number : ', '1', "'", 'Msg  '];
    for (const piece of pieces) {
      const before = performance.now();
      causeByNumber(`${piece.repeat(200_000)}!`);
      expect(performance.now() - before).toBeLessThan(1000);
    }
  });
});

test('every number and state stands for one cause, however it is written', () => {
  const numbers = Object.entries(numbersOfSqlServer).flatMap(([cause, all]) =>
    all.map((number) => ({ cause, number: String(number) })),
  );
  const states = Object.entries(statesOfPostgres).flatMap(([cause, all]) =>
    all.map((state) => ({ cause, state: state.padEnd(5, '0') })),
  );
  expect(new Set(numbers.map(({ number }) => number)).size).toBe(numbers.length);
  expect(new Set(states.map(({ state }) => state)).size).toBe(states.length);
  for (const { cause, number } of numbers) {
    expect([number, causeOf(`Msg ${number}, Level 16`)]).toEqual([number, cause]);
    expect([number, causeOf(`Error Number:${number},State:1`)]).toEqual([number, cause]);
  }
  for (const { cause, state } of states) {
    expect([state, causeOf(`SQLSTATE: ${state}`)]).toEqual([state, cause]);
    expect([state, causeOf(`Cannot write: it went wrong (${state}).`)]).toEqual([state, cause]);
  }
});

test('any text at all has a cause', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', maxLength: 100 }), (reason) => {
      expect(failureCauses).toContain(causeOf(reason));
    }),
  );
});
