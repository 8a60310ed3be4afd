import type { ErrorCode } from '../../error-codes.ts';
import { ServiceError } from '../../errors.ts';

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

function codeOfStatus(status: number): ErrorCode {
  if (status === 429) return 'DATAVERSE_THROTTLED';
  if (status === 401) return 'DATAVERSE_UNAUTHORIZED';
  if (status === 403) return 'DATAVERSE_PRIVILEGE_MISSING';
  if (status === 404) return 'DATAVERSE_TABLE_MISSING';
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

/** The refusal as one of our errors. Dataverse's own words are shown for reads only: after a write they may hold values. */
export function refusalError(
  refusal: Refusal,
  purpose: string,
  origin: string,
  isRead: boolean,
): ServiceError {
  const code = codesByDataverseCode[refusal.code] ?? codeOfStatus(refusal.status);
  const words = isRead && refusal.message !== '' ? ` ("${refusal.message}")` : '';
  const happened = `Dataverse answered ${[refusal.status, refusal.code].join(' ').trim()}${words}`;
  const { retryAfterSeconds } = refusal;
  return dataverseError(
    code,
    purpose,
    origin,
    happened,
    retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
  );
}

/** Reads the error body of either form; anything else (a gateway's HTML) leaves code and message empty. */
export function readRefusal(status: number, text: string, retryAfterSeconds?: number): Refusal {
  const wait = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  try {
    const body = JSON.parse(text) as { error?: { code?: unknown; message?: unknown }; Message?: unknown };
    const code = String(body.error?.code ?? '').toLowerCase();
    const message = String(body.error?.message ?? body.Message ?? '').slice(0, 300);
    return { status, code, message: message.replace(/\s+/g, ' ').trim(), ...wait };
  } catch {
    return { status, code: '', message: '', ...wait };
  }
}
