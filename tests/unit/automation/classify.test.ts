import { describe, expect, it, test } from 'vitest';
import { causes, isHealedByRetouch } from '../../../shared/automation/causes.ts';
import { classify } from '../../../shared/automation/classify.ts';
import { type ErrorCode, errorCodes } from '../../../shared/error-codes.ts';
import { messageWithCure, ServiceError } from '../../../shared/errors.ts';
import { failureCauses } from '../../../shared/model/failure.ts';

const ourRow = (wrong: string) =>
  `Cannot write row "00000000-0000-4000-8000-000000000001" of table "account": ${wrong}.`;

describe('the cause of a failure', () => {
  it.each([
    // Seen in logs of the old service.
    ["There is already an object named 'hatest201_lead' in the database.", 'object-exists'],
    ["Invalid object name 'dbo.hatest201_account'.", 'missing-object'],
    [
      "The database 'tempdb' has reached its size quota. Partition or delete data, drop indexes, or consult the documentation for possible resolutions.\nThe statement has been terminated.",
      'destination-full',
    ],
    [
      'Cannot create a row of size 8061 which is greater than the allowable maximum row size of 8060',
      'row-too-wide',
    ],
    [
      'String length in source longer than destination schema for [ColumnName, MaxDataLength]',
      'text-too-long',
    ],
    // SQL Server.
    ["String or binary data would be truncated in table 'dbo.account', column 'name'.", 'text-too-long'],
    ['Arithmetic overflow error converting numeric to data type numeric.', 'number-out-of-range'],
    [
      'The conversion of a varchar data type to a datetime data type resulted in an out-of-range value.',
      'date-out-of-range',
    ],
    ['The INSERT statement conflicted with the CHECK constraint "positive".', 'constraint'],
    ["Violation of PRIMARY KEY constraint 'EPK'. Cannot insert duplicate key.", 'constraint'],
    [
      'Transaction (Process ID 52) was deadlocked on lock resources with another process.',
      'timeout-or-deadlock',
    ],
    ['Execution Timeout Expired.', 'timeout-or-deadlock'],
    ["The SELECT permission was denied on the object 'account'.", 'permission'],
    ["Login failed for user 'exporter'.", 'permission'],
    ['Cannot open database "x" requested by the login. The login failed.', 'missing-object'],
    [
      "Cannot insert the value NULL into column 'name', table 'x.dbo.account'; column does not allow nulls.",
      'constraint',
    ],
    ["The transaction log for database 'x' is full due to 'LOG_BACKUP'.", 'destination-full'],
    [
      'Cannot find the object "x" because it does not exist or you do not have permissions.',
      'missing-object',
    ],
    ["Client with IP address '10.0.0.4' is not allowed to access the server.", 'destination-unreachable'],
    ['Arithmetic overflow error converting expression to data type datetime.', 'date-out-of-range'],
    [
      'A network-related or instance-specific error occurred while establishing a connection to SQL Server.',
      'destination-unreachable',
    ],
    ["Database 'x' on server 'y' is not currently available.", 'destination-unreachable'],
    ["Could not allocate space for object 'x' because the filegroup is full.", 'destination-full'],
    // PostgreSQL.
    ['value too long for type character varying(10)', 'text-too-long'],
    ['new row for relation "account" violates check constraint "timeout"', 'constraint'],
    ['date/time field value out of range: ""', 'date-out-of-range'],
    ['numeric field overflow', 'number-out-of-range'],
    ['relation "dbo.account" does not exist', 'missing-object'],
    [
      'duplicate key value violates unique constraint "x"\nDETAIL: Key (name)=(deadlock) already exists.',
      'constraint',
    ],
    ['canceling statement due to statement timeout', 'timeout-or-deadlock'],
    ['could not extend file: No space left on device', 'destination-full'],
    // Our own exporter's rows.
    [ourRow('constraint "value too long" refused it (23514)'), 'constraint'],
    [ourRow('a text is longer than its column (22001)'), 'text-too-long'],
    [ourRow('column "name" holds at most 160 characters, received 212'), 'text-too-long'],
    [ourRow('a number does not fit its column (22003)'), 'number-out-of-range'],
    [ourRow('column "x" received a whole number that does not fit; expected 32 bits'), 'number-out-of-range'],
    [
      ourRow('column "x" received a number with too many digits; expected at most 28 before the point'),
      'number-out-of-range',
    ],
    [ourRow('a date does not fit its column (22008)'), 'date-out-of-range'],
    [ourRow('the row is larger than PostgreSQL can store (54000)'), 'row-too-wide'],
    [ourRow('a trigger refused it (P0001)'), 'constraint'],
    [ourRow('column "name" must not be null (23502)'), 'constraint'],
    ['', 'unknown'],
    ['Something that nobody has seen.', 'unknown'],
  ])('of "%s" is %s', (reason, cause) => {
    expect(classify(reason).cause).toBe(cause);
  });

  const ofCode = (code: ErrorCode) =>
    classify(messageWithCure(new ServiceError(code, 'Cannot go on: "x" happened.'))).cause;

  it('is read from the cure when our own reason ends in one', () => {
    expect(ofCode('DESTINATION_FULL')).toBe('destination-full');
    expect(ofCode('DESTINATION_UNREACHABLE')).toBe('destination-unreachable');
    expect(ofCode('DESTINATION_TABLE_CONFLICT')).toBe('object-exists');
    expect(ofCode('DATAVERSE_PRIVILEGE_MISSING')).toBe('source');
    expect(ofCode('DATAVERSE_TRACKING_OFF')).toBe('source');
    expect(ofCode('ROW_CONSTRAINT_VIOLATED')).toBe('constraint');
  });

  it('can be read from every code that a row or the source can fail with, but those that say nothing', () => {
    const codes = Object.keys(errorCodes) as ErrorCode[];
    const unknown = codes
      .filter((code) => /^(ROW|DESTINATION|DATAVERSE)_/.test(code))
      .filter((code) => ofCode(code) === 'unknown');
    expect(unknown).toEqual([
      'DESTINATION_TURN_LOST',
      'DESTINATION_FAILED',
      'ROW_VALUE_INVALID',
      'ROW_REFUSED',
    ]);
  });

  it('is read from what is before our own cure when that says nothing', () => {
    const ofReason = (code: ErrorCode, message: string) =>
      classify(messageWithCure(new ServiceError(code, message))).cause;
    expect(ofReason('ROW_REFUSED', ourRow('a trigger refused it (P0001)'))).toBe('constraint');
    expect(ofReason('DESTINATION_FAILED', 'Cannot write: a value is missing (23502).')).toBe('constraint');
  });

  it('comes with what the reason blames, and with its pattern if it is unknown', () => {
    expect(classify("Invalid object name 'dbo.account'.")).toEqual({
      cause: 'missing-object',
      fields: { object: 'dbo.account' },
      pattern: undefined,
    });
    expect(classify('Row "x" met 3 dragons.')).toEqual({
      cause: 'unknown',
      fields: {},
      pattern: 'Row "..." met # dragons.',
    });
  });

  it('is found in linear time in a long reason', () => {
    const before = performance.now();
    classify(`connection ${'date relation "'.repeat(500_000)}`);
    expect(performance.now() - before).toBeLessThan(1000);
  });
});

test('every cause has a cure, and each is another sentence', () => {
  expect(Object.keys(causes).sort()).toEqual([...failureCauses].sort());
  expect(new Set(Object.values(causes).map(({ cure }) => cure)).size).toBe(failureCauses.length);
});

test('a table that cannot be made or read is not healed by writing a row', () => {
  expect(failureCauses.filter((cause) => !isHealedByRetouch(cause))).toEqual(['object-exists', 'source']);
});
