import { DatabaseError } from 'pg';
import type { ErrorCode } from '../../error-codes.ts';
import { ServiceError } from '../../errors.ts';
import type { RowFault } from '../sql/statements.ts';

type Fact = readonly [code: ErrorCode, what: string];

/** By SQLSTATE, then by its class (the first two characters). https://www.postgresql.org/docs/current/errcodes-appendix.html */
const faults: Readonly<Record<string, Fact>> = {
  '08': ['DESTINATION_UNREACHABLE', 'the connection was broken'],
  '0A000': ['DESTINATION_TABLE_CONFLICT', 'a view or rule that uses the table forbids the change'],
  '25006': ['DESTINATION_READ_ONLY', 'the database takes no writes at present'],
  '28': ['DESTINATION_LOGIN_FAILED', 'PostgreSQL refused the login'],
  '2B': ['DESTINATION_TABLE_CONFLICT', 'other objects depend on the table'],
  '3D000': ['DESTINATION_DATABASE_MISSING', 'the database does not exist'],
  '3F000': ['DESTINATION_OBJECT_MISSING', 'the schema does not exist'],
  '40': ['DESTINATION_BUSY', 'a deadlock or another writer came between'],
  '42501': ['DESTINATION_PERMISSION_MISSING', 'a permission is missing'],
  '42703': ['DESTINATION_OBJECT_MISSING', 'a column does not exist'],
  '42P01': ['DESTINATION_OBJECT_MISSING', 'a table does not exist'],
  '42P07': ['DESTINATION_TABLE_CONFLICT', 'another object has the name'],
  '42710': ['DESTINATION_TABLE_CONFLICT', 'another object has the name'],
  '42701': ['DESTINATION_TABLE_CONFLICT', 'another column has the name'],
  '42804': ['DESTINATION_TABLE_CONFLICT', 'a column has another type than replication made'],
  '42809': ['DESTINATION_TABLE_CONFLICT', 'an object of another kind has the name'],
  '42P10': ['DESTINATION_TABLE_CONFLICT', 'the table has no primary key on "Id"'],
  '428C9': ['DESTINATION_TABLE_CONFLICT', 'a column is computed by the database'],
  '53100': ['DESTINATION_FULL', 'the disk is full'],
  '53300': ['DESTINATION_BUSY', 'all connections are taken'],
  '53': ['DESTINATION_BUSY', 'the server is short of resources'],
  '55P03': ['DESTINATION_BUSY', 'another transaction holds a lock'],
  '55': ['DESTINATION_BUSY', 'an object is in use'],
  '57014': ['DESTINATION_BUSY', 'a statement took too long'],
  '57P04': ['DESTINATION_DATABASE_MISSING', 'the database was dropped'],
  '57': ['DESTINATION_UNREACHABLE', 'the server is starting or stopping'],
  '58': ['DESTINATION_UNREACHABLE', 'the server met an error of its system'],
};

/** Faults of one row. `WITH CHECK OPTION` (44) and triggers (P0001) refuse rows as constraints do. */
const rowFaults: Readonly<Record<string, Fact>> = {
  '22001': ['ROW_TEXT_TOO_LONG', 'a text is longer than its column'],
  '22003': ['ROW_NUMBER_OUT_OF_RANGE', 'a number is out of range for its column'],
  '22007': ['ROW_DATE_OUT_OF_RANGE', 'a date is out of range for its column'],
  '22008': ['ROW_DATE_OUT_OF_RANGE', 'a date is out of range for its column'],
  '22': ['ROW_VALUE_INVALID', 'a value does not fit its column'],
  '23': ['ROW_CONSTRAINT_VIOLATED', 'a constraint refused it'],
  '44': ['ROW_CONSTRAINT_VIOLATED', 'a check option refused it'],
  '54': ['ROW_TOO_WIDE', 'the row is too big for PostgreSQL'],
  P0001: ['ROW_REFUSED', 'a trigger refused it'],
  P0004: ['ROW_REFUSED', 'a trigger refused it'],
};

const fact = (facts: Readonly<Record<string, Fact>>, state: string) =>
  facts[state] ?? facts[state.slice(0, 2)];

/** SQLSTATEs of them; one that ends in three zeros stands for its class. */
export const rowFaultStates: readonly string[] = Object.keys(rowFaults).map((state) => state.padEnd(5, '0'));

/** What PostgreSQL tells of a refused row that holds nothing of the row. */
export interface ToldFault {
  readonly code: string;
  readonly constraint: string | undefined;
  readonly column: string | undefined;
}

/** Whether PostgreSQL blames a row, so that the others can be written without it. */
export function isRowFaultOfPostgres(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && fact(rowFaults, error.code ?? '') !== undefined;
}

/** Why PostgreSQL refused one row, and the object it names. Its `detail`, `where` and message hold values: never used. */
export function rowFaultOf(fault: ToldFault): RowFault {
  const { code: state, constraint, column } = fault;
  const culprit = (constraint ?? column) === undefined ? undefined : [state, constraint, column].join();
  const [code, what] = fact(rowFaults, state) ?? ['ROW_REFUSED', 'PostgreSQL refused it'];
  if (state === '23502') return { code, wrong: `column "${column}" must not be null (${state})`, culprit };
  if (constraint) return { code, wrong: `constraint "${constraint}" refused it (${state})`, culprit };
  return { code, wrong: `${what} (${state})`, culprit };
}

/**
 * The error as one of ours. `doing` completes "Cannot ...". PostgreSQL's own text stays in `cause`, because it may hold
 * values. A mistake of this program is returned as it is.
 */
export function destinationError(error: unknown, doing: string): unknown {
  if (error instanceof ServiceError || !(error instanceof Error)) return error;
  if (error instanceof DatabaseError) {
    const state = error.code ?? '';
    const [code, what] = fact(faults, state) ??
      fact(rowFaults, state) ?? ['DESTINATION_FAILED', 'PostgreSQL answered with an error'];
    const known = code.startsWith('ROW_') ? 'DESTINATION_FAILED' : code;
    return new ServiceError(known, `Cannot ${doing}: ${what} (${state}).`, { cause: error });
  }
  const system = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (system?.startsWith('ERR_') && !system.startsWith('ERR_TLS') && !system.startsWith('ERR_SSL'))
    return error;
  // The driver's own errors of connection and time are plain errors without any code.
  if (system === undefined && error.constructor !== Error) return error;
  const mark = system === undefined ? '' : ` (${system})`;
  return new ServiceError(
    'DESTINATION_UNREACHABLE',
    `Cannot ${doing}: the PostgreSQL server is unreachable or broke the connection${mark}.`,
    { cause: error },
  );
}
