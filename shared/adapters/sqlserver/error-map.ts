import { ConnectionError, RequestError } from 'tedious';
import type { ErrorCode } from '../../error-codes.ts';
import { ServiceError } from '../../errors.ts';
import { SqlServerError } from './server-error.ts';

type Fact = readonly [code: ErrorCode, what: string, ...numbers: number[]];

/**
 * By the number of the error, never by its text. From `sys.messages` and
 * https://learn.microsoft.com/azure/azure-sql/database/troubleshoot-common-errors-issues
 */
const faults: readonly Fact[] = [
  ['DESTINATION_BUSY', 'a deadlock, and this transaction was chosen to give way', 1205],
  ['DESTINATION_BUSY', 'another transaction holds a lock', 1222],
  ['DESTINATION_BUSY', 'another transaction came between', 3960, 41_302, 41_305, 41_325],
  ['DESTINATION_BUSY', 'the server is short of resources', 701, 845, 1204, 8645, 8651, 17_803, 18_056],
  ['DESTINATION_BUSY', 'the limit of requests or sessions is reached', 10_928, 10_929, 10_936],
  ['DESTINATION_BUSY', 'the server is busy', 40_501],
  ['DESTINATION_BUSY', 'the session used more than it may', ...[40_549, 40_550, 40_551, 40_552, 40_553]],
  ['DESTINATION_UNREACHABLE', 'the database is not available at present', 40_197, 40_613, 40_143, 40_166],
  ['DESTINATION_UNREACHABLE', 'the server has too few resources at present', 49_918, 49_919, 49_920],
  ['DESTINATION_UNREACHABLE', 'the connection was broken', 64, 233, 10_053, 10_054, 10_060, 10_061, 11_001],
  [
    'DESTINATION_UNREACHABLE',
    'the database is starting, recovering or moving',
    ...[921, 922, 926, 927, 942, 945, 976, 978, 983, 6005, 9001, 17_142, 18_401],
  ],
  [
    'DESTINATION_UNREACHABLE',
    "the server's firewall or network rules refuse the app",
    40_615,
    40_914,
    47_073,
  ],
  ['DESTINATION_READ_ONLY', 'the database takes no writes at present', 3906, 3908],
  [
    'DESTINATION_LOGIN_FAILED',
    'SQL Server refused the login',
    ...[18_452, 18_456, 18_470, 18_486, 18_487, 18_488, 40_532, 40_607, 33_134],
  ],
  [
    'DESTINATION_DATABASE_MISSING',
    'the database does not exist, or the login may not open it',
    911,
    4060,
    4064,
  ],
  ['DESTINATION_PERMISSION_MISSING', 'a permission is missing', 229, 230, 262, 297, 300, 916, 4834, 15_247],
  ['DESTINATION_FULL', 'the database or its log is full', 1101, 1104, 1105, 5149, 9002, 40_544],
  ['DESTINATION_OBJECT_MISSING', 'a column does not exist', 207, 4924],
  ['DESTINATION_OBJECT_MISSING', 'a table does not exist', 208, 1088, 4701, 4902],
  ['DESTINATION_OBJECT_MISSING', 'the schema or a type does not exist', 2715, 2760, 2812],
  ['DESTINATION_TABLE_CONFLICT', 'another object has the name', 2714, 1913, 2705],
  ['DESTINATION_TABLE_CONFLICT', 'other objects depend on the table', 3726, 3729, 4922, 5074],
  ['DESTINATION_TABLE_CONFLICT', 'a column is computed by the database', 271],
  ['DESTINATION_TABLE_CONFLICT', 'the table has another primary key', 1779, 1781],
  ['DESTINATION_FAILED', 'the table would have more columns or wider rows than SQL Server takes', 1701, 1702],
];

/** Faults of one row. Triggers (3609, 3616, 50000) and check options (550) refuse rows as constraints do. */
const rowFaults: readonly Fact[] = [
  ['ROW_TEXT_TOO_LONG', 'a text is longer than its column', 2628, 8152],
  [
    'ROW_NUMBER_OUT_OF_RANGE',
    'a number is out of range for its column',
    220,
    232,
    236,
    244,
    248,
    1007,
    3606,
    8115,
  ],
  ['ROW_DATE_OUT_OF_RANGE', 'a date is out of range for its column', 241, 242, 295, 296, 298, 517],
  ['ROW_VALUE_INVALID', 'a value does not fit its column', 206, 235, 245, 256, 257, 8114, 8134, 8169, 9420],
  ['ROW_CONSTRAINT_VIOLATED', 'a constraint refused it', 513, 515, 547, 2601, 2627],
  ['ROW_CONSTRAINT_VIOLATED', 'a check option refused it', 550],
  ['ROW_TOO_WIDE', 'the row is too big for SQL Server', 511, 1946],
  ['ROW_REFUSED', 'a trigger refused it', 3609, 3616],
];

const byNumber = (facts: readonly Fact[]) =>
  new Map(facts.flatMap((fact) => fact.slice(2).map((number) => [number as number, fact] as const)));
const faultsByNumber = byNumber(faults);
const rowFaultsByNumber = byNumber(rowFaults);

/** Numbers of faults of a row, those of triggers apart. */
export const rowFaultNumbers: readonly number[] = [...rowFaultsByNumber.keys()];

/** From 50000 on, numbers are none of SQL Server's own: RAISERROR and THROW say them, as in a trigger. */
export const firstOfUsers = 50_000;

const ofUsers: Fact = ['ROW_REFUSED', "an error came that is none of SQL Server's own, as from a trigger"];

const rowFact = (number: number): Fact | undefined =>
  number >= firstOfUsers ? ofUsers : rowFaultsByNumber.get(number);

/** Whether SQL Server blames a row, so that the others can be written without it. */
export function isRowFaultOfSqlServer(error: unknown): error is SqlServerError {
  return error instanceof SqlServerError && rowFact(error.number) !== undefined;
}

/** The object that a message names before any value; the session's language is English. */
const named: Readonly<Record<number, RegExp>> = {
  515: /into column '(?<column>[^']{1,128})'/,
  547: /constraint "(?<constraint>[^"]{1,128})"/,
  2601: /unique index '(?<constraint>[^']{1,128})'/,
  2627: /constraint '(?<constraint>[^']{1,128})'/,
  2628: /, column '(?<column>[^']{1,128})'/,
};

/** Why SQL Server refused one row, and the object it names. The rest of its message may hold values: never used. */
export function rowFaultOf({ number, message }: SqlServerError): {
  readonly code: ErrorCode;
  readonly wrong: string;
} {
  const [code, what] = rowFact(number) ?? ['ROW_REFUSED', 'SQL Server refused it'];
  const { column, constraint } = named[number]?.exec(message)?.groups ?? {};
  if (constraint !== undefined) return { code, wrong: `constraint "${constraint}" refused it (${number})` };
  if (column === undefined) return { code, wrong: `${what} (${number})` };
  if (number === 515) return { code, wrong: `column "${column}" must not be null (${number})` };
  return { code, wrong: `a text is longer than column "${column}" (${number})` };
}

/** Whether a column was not altered because a view, index, constraint or statistics use it. */
export function isDependedOn(error: unknown): boolean {
  return error instanceof SqlServerError && (error.number === 5074 || error.number === 4922);
}

/** Whether the connection leads to a database that is not, or no longer, the one to write to. */
export function isFailover(error: unknown): boolean {
  if (!(error instanceof SqlServerError)) return false;
  const [code] = faultsByNumber.get(error.number) ?? [];
  return error.severity >= 20 || code === 'DESTINATION_UNREACHABLE' || code === 'DESTINATION_READ_ONLY';
}

/**
 * The error as one of ours. `doing` completes "Cannot ...". SQL Server's own text stays in `cause`, because it may hold
 * values. A mistake of this program is returned as it is.
 */
export function destinationError(error: unknown, doing: string): unknown {
  if (error instanceof ServiceError) return error;
  if (error instanceof SqlServerError) {
    const [code, what] = factOf(error);
    return new ServiceError(code, `Cannot ${doing}: ${what} (${error.number}).`, { cause: error });
  }
  if (error instanceof RequestError && error.code === 'ETIMEOUT')
    return new ServiceError(
      'DESTINATION_BUSY',
      `Cannot ${doing}: a statement took too long, or the server fell silent.`,
      {
        cause: error,
      },
    );
  const isOfConnection =
    error instanceof ConnectionError || (error instanceof RequestError && lost.has(error.code ?? ''));
  if (!isOfConnection) return error;
  const { code: system } = (error.cause ?? {}) as { readonly code?: unknown };
  const mark = typeof system === 'string' ? system : error.code;
  return new ServiceError(
    'DESTINATION_UNREACHABLE',
    `Cannot ${doing}: SQL Server is unreachable or broke the connection${mark === undefined ? '' : ` (${mark})`}.`,
    { cause: error },
  );
}

/** The driver's codes for a request whose connection has ended. */
const lost = new Set(['ECLOSE', 'ECANCEL', 'EINVALIDSTATE', 'ESOCKET']);

function factOf({ number, severity }: SqlServerError): Fact {
  const [code, what] = faultsByNumber.get(number) ?? rowFact(number) ?? [];
  if (code === undefined || what === undefined)
    return severity >= 20
      ? ['DESTINATION_UNREACHABLE', 'SQL Server ended the connection']
      : ['DESTINATION_FAILED', 'SQL Server answered with an error'];
  return [code.startsWith('ROW_') ? 'DESTINATION_FAILED' : code, what];
}
