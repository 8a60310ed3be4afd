import { type ErrorCode, errorCodes } from '../error-codes.ts';
import type { FailureCause, FailureFields } from '../model/failure.ts';
import { causeByNumber } from './error-numbers.ts';
import { fieldsOf } from './reason-fields.ts';
import { patternOf } from './reason-pattern.ts';
import { toldPart, withoutQuoted } from './reason-text.ts';

/** Why a row or table failed, and what the reason blames. */
export interface Classification {
  readonly cause: FailureCause;
  readonly fields: FailureFields;
  /** What a reason that nobody knows says, whichever row it says it of; only of those. */
  readonly pattern: string | undefined;
}

/** Our own reasons end in the cure of their code. */
const causesOfCodes: Partial<Record<ErrorCode, FailureCause>> = {
  DESTINATION_FULL: 'destination-full',
  DESTINATION_UNREACHABLE: 'destination-unreachable',
  DESTINATION_READ_ONLY: 'destination-unreachable',
  DESTINATION_LOGIN_FAILED: 'permission',
  DESTINATION_PERMISSION_MISSING: 'permission',
  DESTINATION_DATABASE_MISSING: 'missing-object',
  DESTINATION_OBJECT_MISSING: 'missing-object',
  DESTINATION_TABLE_CONFLICT: 'object-exists',
  DESTINATION_BUSY: 'timeout-or-deadlock',
  ROW_TEXT_TOO_LONG: 'text-too-long',
  ROW_TOO_WIDE: 'row-too-wide',
  ROW_NUMBER_OUT_OF_RANGE: 'number-out-of-range',
  ROW_DATE_OUT_OF_RANGE: 'date-out-of-range',
  ROW_CONSTRAINT_VIOLATED: 'constraint',
  SECRET_UNREACHABLE: 'destination-unreachable',
  SECRET_ACCESS_DENIED: 'permission',
  SECRET_NOT_FOUND: 'missing-object',
  SECRET_TAG_MISSING: 'permission',
};

/** Texts of SQL Server, PostgreSQL, the old service and our own, the more particular ones first. */
const causesOfTexts: readonly (readonly [FailureCause, RegExp])[] = [
  [
    'destination-full',
    /size quota|disk (is )?full|no space left|out of space|could not allocate|transaction log .*is full/i,
  ],
  ['object-exists', /already an object named|already exists|object .*(has the name|stands in the way)/i],
  [
    'text-too-long',
    /longer than (its column|(the )?destination)|would be truncated|value too long|holds at most \d+ characters/i,
  ],
  [
    'row-too-wide',
    /a row of size|maximum row size|row is (too (big|wide)|larger)|index row (requires|size)/i,
  ],
  [
    'date-out-of-range',
    /\bdate\b.* (out of range|does not fit)|\bdate\/time field|date(time)?(2|offset)? data type|data type (small)?(date|time)|date and\/or time|no date between|timestamp out of range/i,
  ],
  [
    'number-out-of-range',
    /overflow|out of range|number .*(does not fit|with too many digits)|too large to fit/i,
  ],
  [
    'constraint',
    /constraint|duplicate key|foreign key|must not be null|insert the value null|check option|trigger refused/i,
  ],
  // SQL Server says the same of what is missing and of what may not be seen.
  ['missing-object', /cannot open database|not exist or you do not have permission/i],
  [
    'permission',
    /permission (was |is )?denied|not have permission|not able to access the database|lacks a permission|login failed|refused the login|authentication failed|must be owner of/i,
  ],
  [
    'missing-object',
    /invalid (object|column) name|could not find stored procedure|cannot find the (object|data type)|(relation|column|table|schema|database) .*does not exist/i,
  ],
  [
    'timeout-or-deadlock',
    /deadlock|time-?out|timed out|lock request|canceling statement|could not serialize|too many (connections|clients)/i,
  ],
  [
    'destination-unreachable',
    /network-related|transport-level|not currently available|not allowed to access the server|connection .*(refused|reset|closed|terminated|broke)|server closed|unreachable|read-only/i,
  ],
  ['source', /dataverse|change tracking|crm web ?service/i],
];

/**
 * The cause by our own cure at the end of the reason, else by an error number or SQLSTATE, else by a text that is known;
 * else `unknown`. Looks at the first 4000 characters.
 */
export function classify(reason: string): Classification {
  const cause = causeOf(reason);
  const pattern = cause === 'unknown' ? patternOf(reason) : undefined;
  return { cause, fields: fieldsOf(reason), pattern };
}

function causeOf(reason: string): FailureCause {
  const whole = reason.trimEnd();
  const code = codes.find((code) => whole.endsWith(errorCodes[code].cure));
  const text = code ? whole.slice(0, -errorCodes[code].cure.length).trimEnd() : whole;
  // What a constraint or value is called says nothing of the cause.
  const told = withoutQuoted(toldPart(text));
  return (code && causeOfCode(code)) ?? causeByNumber(told) ?? causeByText(told) ?? 'unknown';
}

const codes = Object.keys(errorCodes) as ErrorCode[];

/** Some codes say nothing of the cause. */
const causeOfCode = (code: ErrorCode) =>
  causesOfCodes[code] ?? (code.startsWith('DATAVERSE_') ? 'source' : undefined);

const causeByText = (text: string) => causesOfTexts.find(([, known]) => known.test(text))?.[0];
