import type { ErrorCode } from '../../error-codes.ts';
import { hasCode, ServiceError } from '../../errors.ts';
import type { Limit } from './identity-pace.ts';

/** What Dataverse said of a request that it did not fulfil; `code` as `0x80040217`, empty when the body had none. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly retryAfterSeconds?: number;
}

/** Codes that decide whatever the status is: reference, sections 1.3, 5 and 6.4. */
const codesByDataverseCode: Readonly<Record<string, ErrorCode>> = {
  '0x80044352': 'DATAVERSE_DELTA_TOKEN_EXPIRED',
  '0x80072491': 'DATAVERSE_TRACKING_OFF',
  '0x80072492': 'DATAVERSE_TRACKING_OFF',
  '0x80072321': 'DATAVERSE_THROTTLED',
  '0x80072322': 'DATAVERSE_THROTTLED',
  '0x80072326': 'DATAVERSE_THROTTLED',
  '0x8005f103': 'DATAVERSE_THROTTLED',
  '0x80048544': 'DATAVERSE_THROTTLED',
  '0x80044150': 'DATAVERSE_BUSY',
  '0x80044151': 'DATAVERSE_BUSY',
  '0x80072560': 'DATAVERSE_UNAUTHORIZED',
  '0x80040225': 'DATAVERSE_UNAUTHORIZED',
};

/**
 * Codes whose words name settings, tables, columns and users at most. All others, of SQL and of plug-ins above all, may
 * quote values of rows.
 */
const codesWithSafeWords: ReadonlySet<string> = new Set([
  '0x80044352', // expired token
  '0x80072491', // change tracking is off
  '0x80072492',
  '0x80072321', // throttling
  '0x80072322',
  '0x80072326',
  '0x8005f103',
  '0x80048544',
  '0x80072560', // not a member
  '0x80040225', // user disabled
  '0x80040220', // privilege missing
  '0x80060888', // the address cannot be understood: unknown column, set or option
  '0x80041103', // unknown column
]);

const limitsByDataverseCode: Readonly<Record<string, Limit>> = {
  '0x80072321': 'time',
  '0x80072326': 'concurrency',
};

/** What a refusal that throttles says was too much; one that does not say stops the identity like too many requests. */
export function limitOf({ code }: Pick<Refusal, 'code'>): Limit {
  return limitsByDataverseCode[code] ?? 'requests';
}

const unknownColumnCodes = ['0x80060888', '0x80041103', '0x0', ''];

const expectations: Partial<Record<ErrorCode, string>> = {
  DATAVERSE_DELTA_TOKEN_EXPIRED: 'a younger delta token is needed',
  DATAVERSE_TRACKING_OFF: 'change tracking must be on',
  DATAVERSE_THROTTLED: 'it must be asked again later',
  DATAVERSE_BUSY: 'it must be asked again',
  DATAVERSE_UNREACHABLE: 'an answer was expected',
  DATAVERSE_ANSWER_UNREADABLE: 'JSON was expected',
  DATAVERSE_UNAUTHORIZED: 'the app must be an enabled application user of the organization',
  DATAVERSE_PRIVILEGE_MISSING: 'the privilege must be granted to the application user',
  DATAVERSE_TABLE_MISSING: 'the table must exist',
};

function codeOfStatus({ status, code, message }: Refusal): ErrorCode {
  if (status === 429) return 'DATAVERSE_THROTTLED';
  if (status === 401) return 'DATAVERSE_UNAUTHORIZED';
  if (status === 403) return 'DATAVERSE_PRIVILEGE_MISSING';
  // Without a word of Dataverse it is not Dataverse that misses something: a gateway does.
  if (status === 404) return code + message === '' ? 'DATAVERSE_UNREACHABLE' : 'DATAVERSE_TABLE_MISSING';
  if (status === 408 || status >= 500) return 'DATAVERSE_UNREACHABLE';
  if (status < 400) return 'DATAVERSE_ANSWER_UNREADABLE';
  return 'DATAVERSE_REQUEST_REFUSED';
}

/** A failure to do `purpose` ("read table \"account\"") at the organization of this origin. */
export function dataverseError(
  code: ErrorCode,
  purpose: string,
  origin: string,
  happened: string,
  details: { readonly retryAfterSeconds?: number; readonly cause?: unknown } = {},
): ServiceError {
  const expected = expectations[code] ?? 'the request should be taken';
  return new ServiceError(code, `Cannot ${purpose} of ${origin}: ${happened}; ${expected}.`, details);
}

/**
 * The refusal as one of our errors. Dataverse's own words are shown for reads only, and where they hold no values; a write
 * that Dataverse itself failed at is not repeated, because a plug-in may fail at this row always.
 */
export function refusalError(
  refusal: Refusal,
  purpose: string,
  origin: string,
  isRead: boolean,
): ServiceError {
  const { status, code, message, retryAfterSeconds } = refusal;
  const hasFailedInside = !isRead && status === 500 && code !== '';
  const ours =
    codesByDataverseCode[code] ?? (hasFailedInside ? 'DATAVERSE_REQUEST_REFUSED' : codeOfStatus(refusal));
  const words = isRead && message !== '' && codesWithSafeWords.has(code) ? ` ("${message}")` : '';
  const happened = `Dataverse answered ${[status, code].join(' ').trim()}${words}`;
  return dataverseError(ours, purpose, origin, happened, {
    cause: { status, code } satisfies Partial<Refusal>,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
}

/** Whether Dataverse refused an address, as it does when a column of it was deleted; older organizations tell no code. */
export function isUnknownColumn(error: unknown): boolean {
  if (!hasCode(error, 'DATAVERSE_REQUEST_REFUSED')) return false;
  const { status, code } = (error.cause ?? {}) as Partial<Refusal>;
  return status === 400 && code !== undefined && unknownColumnCodes.includes(code);
}

/** Reads the error body; anything else (the older form, a gateway's HTML) leaves code and message empty. */
export function readRefusal(status: number, text: string, retryAfterSeconds?: number): Refusal {
  const wait = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  try {
    const body = JSON.parse(text) as { error?: { code?: unknown; message?: unknown } };
    // What stands between may answer in the same form, and with any text in it.
    const code = /^0x[0-9a-f]{1,8}$/.exec(String(body.error?.code ?? '').toLowerCase())?.[0] ?? '';
    const message = String(body.error?.message ?? '').slice(0, 300);
    return { status, code, message: message.replace(/\s+/g, ' ').trim(), ...wait };
  } catch {
    return { status, code: '', message: '', ...wait };
  }
}
