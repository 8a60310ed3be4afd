import { ConnectionError, RequestError } from 'tedious';
import { describe, expect, it } from 'vitest';
import {
  destinationError,
  isRowFaultOfSqlServer,
  rowFaultOf,
} from '../../shared/adapters/sqlserver/error-map.ts';
import { foreignError, SqlServerError } from '../../shared/adapters/sqlserver/server-error.ts';
import { numbersOfSqlServer } from '../../shared/automation/error-numbers.ts';
import { errorCodes } from '../../shared/error-codes.ts';
import { ServiceError } from '../../shared/errors.ts';
import type { FailureCause } from '../../shared/model/failure.ts';

const ofServer = (number: number, message = 'words with SECRET', severity = 16) =>
  new SqlServerError(message, { number, state: 1, severity });
const codeOf = (number: number) => (destinationError(ofServer(number), 'do it') as ServiceError).code;

describe('a number of SQL Server', () => {
  it.each([
    [1205, 'DESTINATION_BUSY', 'timed'],
    [1222, 'DESTINATION_BUSY', 'timed'],
    [40_501, 'DESTINATION_BUSY', 'timed'],
    [49_918, 'DESTINATION_UNREACHABLE', 'timed'],
    [10_928, 'DESTINATION_BUSY', 'timed'],
    [40_553, 'DESTINATION_BUSY', 'timed'],
    [40_613, 'DESTINATION_UNREACHABLE', 'timed'],
    [40_197, 'DESTINATION_UNREACHABLE', 'timed'],
    [233, 'DESTINATION_UNREACHABLE', 'timed'],
    [40_615, 'DESTINATION_UNREACHABLE', 'timed'],
    [3906, 'DESTINATION_READ_ONLY', 'timed'],
    [18_456, 'DESTINATION_LOGIN_FAILED', 'manual'],
    [18_470, 'DESTINATION_LOGIN_FAILED', 'manual'],
    [4060, 'DESTINATION_DATABASE_MISSING', 'manual'],
    [9002, 'DESTINATION_FULL', 'manual'],
    [40_544, 'DESTINATION_FULL', 'manual'],
    [229, 'DESTINATION_PERMISSION_MISSING', 'manual'],
    [262, 'DESTINATION_PERMISSION_MISSING', 'manual'],
    [208, 'DESTINATION_OBJECT_MISSING', 'timed'],
    [207, 'DESTINATION_OBJECT_MISSING', 'timed'],
    [2714, 'DESTINATION_TABLE_CONFLICT', 'manual'],
    [5074, 'DESTINATION_TABLE_CONFLICT', 'manual'],
    [102, 'DESTINATION_FAILED', 'manual'],
  ] as const)('%i is %s and tried again: %s', (number, code, retry) => {
    expect(codeOf(number)).toBe(code);
    expect(errorCodes[code].retry).toBe(retry);
    expect(isRowFaultOfSqlServer(ofServer(number))).toBe(false);
  });

  it.each([
    [2628, "in table 'd.dbo.t', column 'name'. Truncated value: 'SECRET'.", 'ROW_TEXT_TOO_LONG', '"name"'],
    [8152, 'String or binary data would be truncated.', 'ROW_TEXT_TOO_LONG', 'a text is longer'],
    [8115, 'Arithmetic overflow.', 'ROW_NUMBER_OUT_OF_RANGE', 'a number is out of range'],
    [242, 'SECRET', 'ROW_DATE_OUT_OF_RANGE', 'a date is out of range'],
    [245, "the nvarchar value 'SECRET'", 'ROW_VALUE_INVALID', 'does not fit'],
    [515, "the value NULL into column 'x', table 't'", 'ROW_CONSTRAINT_VIOLATED', '"x" must not be null'],
    [547, 'with the CHECK constraint "CK". ', 'ROW_CONSTRAINT_VIOLATED', 'constraint "CK" refused it'],
    [2627, "constraint 'UQ'. value is (SECRET)", 'ROW_CONSTRAINT_VIOLATED', 'constraint "UQ"'],
    [2601, "unique index 'IX'. value is (SECRET)", 'ROW_CONSTRAINT_VIOLATED', 'constraint "IX"'],
    [511, 'SECRET', 'ROW_TOO_WIDE', 'too big'],
    [3609, 'SECRET', 'ROW_REFUSED', 'a trigger'],
    [50_000, 'SECRET', 'ROW_REFUSED', "none of SQL Server's own"],
    [33_557_097, 'SECRET', 'ROW_REFUSED', "none of SQL Server's own"],
  ])('%i blames a row: %s', (number, message, code, wrong) => {
    const error = ofServer(number, message);
    expect(isRowFaultOfSqlServer(error)).toBe(true);
    expect(rowFaultOf(error)).toMatchObject({ code, wrong: expect.stringContaining(wrong) });
    expect(rowFaultOf(error).wrong).toMatch(new RegExp(`\\(${number}\\)$`));
    expect(rowFaultOf(error).wrong).not.toContain('SECRET');
    // Where no row can be blamed, it is a fault of the destination that nobody foresaw.
    expect(codeOf(number)).toBe('DESTINATION_FAILED');
  });

  it('has the cause in the failure log that the automation reads from it', () => {
    const codes: Partial<Record<FailureCause, RegExp>> = {
      'destination-full': /^DESTINATION_FULL$/,
      'destination-unreachable': /^DESTINATION_(UNREACHABLE|READ_ONLY)$/,
      'timeout-or-deadlock': /^DESTINATION_BUSY$/,
      'missing-object': /^DESTINATION_(OBJECT|DATABASE)_MISSING$/,
      'object-exists': /^DESTINATION_TABLE_CONFLICT$/,
      permission: /^DESTINATION_(PERMISSION_MISSING|LOGIN_FAILED)$/,
    };
    for (const [cause, pattern] of Object.entries(codes))
      for (const number of numbersOfSqlServer[cause as FailureCause] ?? [])
        if (number > 0) expect([number, codeOf(number)]).toEqual([number, expect.stringMatching(pattern)]);
    const ofRows = ['text-too-long', 'number-out-of-range', 'date-out-of-range', 'constraint'] as const;
    for (const number of ofRows.flatMap((cause) => numbersOfSqlServer[cause] ?? []))
      expect([number, isRowFaultOfSqlServer(ofServer(number))]).toEqual([number, true]);
  });
});

describe('an error of the driver', () => {
  it('with a number is one of the server, and of several the first', () => {
    const answered = (number: number) =>
      Object.assign(new RequestError('x', 'EREQUEST'), { number, class: 16 });
    expect(foreignError(answered(2627))).toMatchObject({ number: 2627, severity: 16 });
    const several = new AggregateError([answered(2714), answered(1750)]);
    expect(foreignError(several)).toMatchObject({ number: 2714 });
  });

  it.each([
    [new RequestError('x', 'ETIMEOUT'), 'DESTINATION_BUSY', 'a statement took too long'],
    [new RequestError('x', 'ECLOSE'), 'DESTINATION_UNREACHABLE', '(ECLOSE)'],
    [new ConnectionError('SECRET', 'ETIMEOUT'), 'DESTINATION_UNREACHABLE', '(ETIMEOUT)'],
    [
      new ConnectionError('SECRET', 'ESOCKET', { cause: { code: 'ECONNREFUSED' } }),
      'DESTINATION_UNREACHABLE',
      '(ECONNREFUSED)',
    ],
    [ofServer(4711, 'SECRET', 20), 'DESTINATION_UNREACHABLE', 'ended the connection'],
  ])('%o is %s', (error, code, words) => {
    const ours = destinationError(error, 'do it') as ServiceError;
    expect(ours).toMatchObject({ code, cause: error });
    expect(ours.message).toContain(words);
    expect(ours.message).not.toContain('SECRET');
  });

  it('that is a mistake of this program, or ours already, stays what it is', () => {
    const ours = new ServiceError('DESTINATION_TURN_LOST', 'Cannot go on.');
    for (const error of [new TypeError('x'), new RequestError('x', 'EPARAM'), ours])
      expect(destinationError(error, 'do it')).toBe(error);
  });
});
