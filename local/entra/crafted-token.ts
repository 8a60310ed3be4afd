import { createHmac, KeyObject, sign } from 'node:crypto';
import { apiApplicationUri, publicClientId, users } from '../sign-ins.ts';
import { accessTokenClaims, type Claims } from './claims.ts';
import { tenantIds } from './sign-in.ts';
import type { SigningKeys } from './signing-keys.ts';

/** What a crafted token has other than the usual one; `tenant` is whose key signs it. */
export type TokenOverrides = { claims?: Claims; header?: Claims; tenant?: string };

/**
 * The administrator's usual token for the app, with claims and header overridden (null removes one). What is
 * impossible for a sound issuer is possible here: no algorithm, a public key as HMAC secret, a foreign `kid` or key.
 */
export function craftedToken(entraUrl: string, keys: SigningKeys, overrides: TokenOverrides): string {
  const usual = accessTokenClaims(
    entraUrl,
    { kind: 'user', user: users.admin, clientId: publicClientId },
    apiApplicationUri,
    '2.0',
  );
  const key = keys.current(overrides.tenant ?? users.admin.tenantId);
  const header = without({ typ: 'JWT', alg: 'RS256', kid: key.kid, x5t: key.kid, ...overrides.header });
  const signed = `${encode(header)}.${encode(without({ ...usual, ...overrides.claims }))}`;
  if (header.alg === 'none') return `${signed}.`;
  if (header.alg === 'HS256') {
    return `${signed}.${createHmac('sha256', JSON.stringify(key.publicJwk)).update(signed).digest('base64url')}`;
  }
  return `${signed}.${sign('sha256', Buffer.from(signed), KeyObject.from(key.privateKey)).toString('base64url')}`;
}

function without(fields: Claims): Claims {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

function encode(part: Claims): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

/** The body of a request for a crafted token; undefined when it is none. */
export function readTokenOverrides(text: string): TokenOverrides | undefined {
  try {
    const body: unknown = JSON.parse(text || '{}');
    const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isObject(body)) return undefined;
    const isRight = ([name, value]: [string, unknown]) =>
      name === 'tenant' ? tenantIds.includes(String(value)) : isObject(value);
    return Object.entries(body as Claims).every(isRight) ? (body as TokenOverrides) : undefined;
  } catch {
    return undefined;
  }
}
