import { createHmac, KeyObject, sign } from 'node:crypto';
import { apiApplicationUri, publicClientId, users } from '../sign-ins.ts';
import { accessTokenClaims, type Claims } from './claims.ts';
import type { SigningKeys } from './signing-keys.ts';

/**
 * The administrator's usual token for the app, with claims and header overridden (null removes one). What is
 * impossible for a sound issuer is possible here: no algorithm, a public key as HMAC secret, a foreign `kid`.
 */
export function craftedToken(
  entraUrl: string,
  keys: SigningKeys,
  overrides: { claims?: Claims; header?: Claims },
): string {
  const usual = accessTokenClaims(
    entraUrl,
    { kind: 'user', user: users.admin, clientId: publicClientId },
    apiApplicationUri,
    '2.0',
  );
  const key = keys.current(users.admin.tenantId);
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
