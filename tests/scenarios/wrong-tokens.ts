import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { fabrikamTenantId } from '../../local/sign-ins.ts';
import { craftedToken, userToken } from './callers.ts';

const now = Math.floor(Date.now() / 1000);
const jsonOf = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString());
const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

async function ownSignature(entra: string): Promise<string> {
  const [head, claims] = (await userToken(entra, 'admin')).split('.');
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const header = { ...jsonOf(head), jwk: await exportJWK(publicKey), jku: 'http://127.0.0.1:9/keys' };
  return new SignJWT(jsonOf(claims)).setProtectedHeader(header).sign(privateKey);
}

async function changedAfterSigning(entra: string): Promise<string> {
  const [header, claims, signature] = (await userToken(entra, 'reader')).split('.');
  const changed = { ...jsonOf(claims), oid: 'aaaaaaaa-0000-4000-8000-000000000001' };
  return [header, encoded(changed), signature].join('.');
}

const withClaims = (claims: object) => (entra: string) => craftedToken(entra, { claims });
const withHeader = (header: object) => (entra: string) => craftedToken(entra, { header });

/** Tokens that nobody may be let in with, by what is wrong; the administrator's own but for that. */
export const wrongTokens: Readonly<
  Record<string, (entra: string, otherResource: string) => Promise<string>>
> = {
  'that is no token': async () => 'garbage',
  'that expired': withClaims({ iat: now - 7200, nbf: now - 7200, exp: now - 3600 }),
  'that expired two minutes ago': withClaims({ iat: now - 3720, nbf: now - 3720, exp: now - 120 }),
  'whose time has not come': withClaims({ nbf: now + 3600, exp: now + 7200 }),
  'without an end': withClaims({ exp: null }),
  'whose end is a text': withClaims({ exp: String(now + 3600) }),
  'for another audience': (entra, otherResource) => craftedToken(entra, { claims: { aud: otherResource } }),
  'for no audience': withClaims({ aud: null }),
  'of another issuer': (entra) =>
    craftedToken(entra, { claims: { iss: `${entra}/${fabrikamTenantId}/v2.0` } }),
  'of no issuer': withClaims({ iss: null }),
  'of another tenant in its claims': withClaims({ tid: fabrikamTenantId }),
  'of no tenant in its claims': withClaims({ tid: null }),
  'that names nobody': withClaims({ oid: null }),
  'that is only an ID token': withClaims({ scp: null, azp: null }),
  'without a signature': withHeader({ alg: 'none' }),
  'signed with the public key as a password (HS256)': withHeader({ alg: 'HS256' }),
  'of a key that nobody published': withHeader({ kid: 'unheard-of' }),
  'that demands what we do not understand': withHeader({ crit: ['x'], x: 1 }),
  'signed by a key that it brings itself': ownSignature,
  'signed by the key of another tenant': (entra) => craftedToken(entra, { tenant: fabrikamTenantId }),
  'changed after it was signed': changedAfterSigning,
  'of an outsider, rightly signed by their tenant': (entra) => userToken(entra, 'outsider'),
};
