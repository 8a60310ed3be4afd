import { type ErrorCode, errorCodes } from '../error-codes.ts';
import type { FailureCause } from '../model/failure.ts';

/** Why a row or table failed, and whether writing the row again in Dataverse can heal it once the cause is gone. */
export interface Classification {
  readonly cause: FailureCause;
  readonly isHealedByRetouch: boolean;
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
    /size quota|disk (is )?full|no space left|out of space|could not allocate space|\(53100\)/i,
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
    /\bdate\b.* (out of range|does not fit)|\bdate\/time field|datetime2? data type|no date between|timestamp out of range/i,
  ],
  [
    'number-out-of-range',
    /overflow|out of range|number .*(does not fit|with too many digits)|too large to fit/i,
  ],
  ['constraint', /constraint|duplicate key|foreign key|must not be null|check option|trigger refused/i],
  [
    'permission',
    /permission (was |is )?denied|lacks a permission|login failed|refused the login|authentication failed|must be owner of/i,
  ],
  [
    'missing-object',
    /invalid (object|column) name|could not find stored procedure|(relation|column|table|schema|database) .*does not exist|cannot open database/i,
  ],
  [
    'timeout-or-deadlock',
    /deadlock|time-?out|timed out|lock request|canceling statement|could not serialize|too many (connections|clients)/i,
  ],
  [
    'destination-unreachable',
    /network-related|transport-level|not currently available|connection .*(refused|reset|closed|terminated|broke)|server closed|unreachable|read-only/i,
  ],
  ['source', /dataverse|change tracking|crm web ?service/i],
];

/** The cause by the codes and texts that are known; `unknown` otherwise. */
export function classify(reason: string): Classification {
  const text = withoutNames(reason.slice(0, 4000));
  const cause = causeByCure(reason) ?? causesOfTexts.find(([, known]) => known.test(text))?.[0] ?? 'unknown';
  return { cause, isHealedByRetouch: isHealedByRetouch(cause) };
}

/** A constraint may be named "timeout"; names say nothing of the cause. */
function withoutNames(reason: string): string {
  return reason.replace(/"[^"]*"|'[\w.$-]*'/g, '""');
}

/** A table that cannot be made or read does not get better by writing one of its rows. */
export function isHealedByRetouch(cause: FailureCause): boolean {
  return cause !== 'object-exists' && cause !== 'source';
}

function causeByCure(reason: string): FailureCause | undefined {
  const text = reason.trimEnd();
  const code = (Object.keys(errorCodes) as ErrorCode[]).find((code) => text.endsWith(errorCodes[code].cure));
  if (code === undefined) return undefined;
  return causesOfCodes[code] ?? (code.startsWith('DATAVERSE_') ? 'source' : 'unknown');
}
