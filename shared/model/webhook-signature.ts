import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { ServiceError } from '../errors.ts';

/** Names of the headers, in lower case, that prove who sends a webhook call; ours carry them, too. */
export const signatureHeaders = {
  /** Whole seconds since 1970. */
  timestamp: 'x-signature-timestamp',
  /** Names the delivery: 1 to 200 letters, digits and `._:-`, the same when it is sent again. */
  deliveryId: 'x-delivery-id',
  /** `v1=<HMAC-SHA256 in hexadecimal or Base64>`, several of them separated by commas. */
  signature: 'x-signature',
} as const;

/** How far the clocks of both sides may be apart, either way. */
export const toleranceSeconds = 300;

/** A call with what was read of its signature; `signed` is the text that the signatures are of. */
export interface SignedCall {
  readonly deliveryId: string;
  /** Milliseconds since 1970. */
  readonly signedAt: number;
  readonly signed: readonly (string | Uint8Array)[];
  /** Each of 32 bytes. */
  readonly signatures: readonly Buffer[];
}

const digestBytes = 32;
const idForm = /^[\w.:-]{1,200}$/;

function signatureOf(secret: string, signed: SignedCall['signed']): Buffer {
  const hmac = createHmac('sha256', secret);
  for (const part of signed) hmac.update(part);
  return hmac.digest();
}

/** The headers of a call of ours. It is signed with each secret, so that the receiver may change theirs at any time. */
export function signedHeaders(
  secrets: readonly string[],
  { deliveryId, body, now }: { readonly deliveryId: string; readonly body: string; readonly now: Date },
): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const signed = [`${timestamp}.${deliveryId}.`, body];
  const signatures = secrets.map((secret) => `v1=${signatureOf(secret, signed).toString('hex')}`);
  return {
    [signatureHeaders.timestamp]: timestamp,
    [signatureHeaders.deliveryId]: deliveryId,
    [signatureHeaders.signature]: signatures.join(','),
  };
}

function digestsIn(header: string, prefix: string): Buffer[] {
  return header.split(',').flatMap((part) => {
    const text = part.trim();
    if (!text.startsWith(prefix)) return [];
    const value = text.slice(prefix.length);
    const digest = Buffer.from(value, /^[0-9a-f]{64}$/i.test(value) ? 'hex' : 'base64');
    return digest.length === digestBytes ? [digest] : [];
  });
}

/** What our headers say; undefined when one is missing or has another form. */
export function readSignedCall(
  header: (name: string) => string | null,
  body: Uint8Array,
): SignedCall | undefined {
  const timestamp = header(signatureHeaders.timestamp) ?? '';
  const deliveryId = header(signatureHeaders.deliveryId) ?? '';
  const signatures = digestsIn(header(signatureHeaders.signature) ?? '', 'v1=');
  if (!/^\d{1,12}$/.test(timestamp) || !idForm.test(deliveryId) || signatures.length === 0) return undefined;
  const signed = [`${timestamp}.${deliveryId}.`, body];
  return { deliveryId, signedAt: Number(timestamp) * 1000, signed, signatures };
}

/**
 * A call as Jira itself signs it: `X-Hub-Signature: sha256=<hex>` over the body, which has the time in its member
 * `timestamp` (milliseconds). No header that is not signed may name the delivery, so the body does.
 */
export function readBodySignedCall(
  header: (name: string) => string | null,
  body: Uint8Array,
  timestamp: number | undefined,
): SignedCall | undefined {
  const signatures = digestsIn(header('x-hub-signature') ?? '', 'sha256=');
  if (timestamp === undefined || signatures.length === 0) return undefined;
  const deliveryId = `body:${createHash('sha256').update(body).digest('hex')}`;
  return { deliveryId, signedAt: timestamp, signed: [body], signatures };
}

/**
 * Whether one of the signatures is one of the secrets'. All are compared, each in constant time, so that the time it takes
 * tells nothing of which fits or how far.
 */
export function isSignedBy(secrets: readonly string[], { signed, signatures }: SignedCall): boolean {
  let isSigned = false;
  for (const secret of secrets) {
    const expected = signatureOf(secret, signed);
    for (const signature of signatures) isSigned = timingSafeEqual(expected, signature) || isSigned;
  }
  return isSigned;
}

const digestOf = (text: string) => createHash('sha256').update(text).digest();

/** Whether the text is one of the secrets. All are compared, each in constant time, as in `isSignedBy`. */
export function isOneOf(secrets: readonly string[], text: string): boolean {
  const digest = digestOf(text);
  let isOne = false;
  for (const secret of secrets) isOne = timingSafeEqual(digestOf(secret), digest) || isOne;
  return isOne;
}

const leastSecretCharacters = 32;

/**
 * The secrets that a text holds: those of a rotation stand one a line. Refused whole, without a word of it, where one is
 * short or holds white space (`WEBHOOK_SECRET_INVALID`); `whose` names the system for people.
 */
export function secretsIn(text: string, whose: string): readonly string[] {
  const secrets = text.split(/\r?\n/).filter((line) => line !== '');
  const problems = secrets.flatMap((secret, index) => [
    ...(secret.length < leastSecretCharacters ? [`secret ${index + 1} is too short`] : []),
    ...(/\s/.test(secret) ? [`secret ${index + 1} holds white space`] : []),
  ]);
  if (secrets.length > 0 && problems.length === 0) return secrets;
  throw new ServiceError(
    'WEBHOOK_SECRET_INVALID',
    `Cannot use the webhook secrets of ${whose}: ${problems.join(', ') || 'there is none'}; expected one or more of at least ${leastSecretCharacters} characters without white space, one a line.`,
  );
}
