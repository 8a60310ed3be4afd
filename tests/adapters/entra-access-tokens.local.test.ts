import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type Entra, startEntra } from '../../local/entra/start-entra.ts';
import { managedIdentity } from '../../local/sign-ins.ts';
import { accessTokens } from '../../shared/adapters/entra/access-tokens.ts';
import { appCredential } from '../../shared/adapters/entra/app-credential.ts';
import { systemClock } from '../../shared/adapters/system/system-clock.ts';

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({ port: 0 });
});
afterAll(() => entra.close());
afterEach(() => vi.unstubAllEnvs());

/** A credential that counts, and whose tokens last as long as told. */
function countingCredential(lifetimeMilliseconds: number) {
  const scopes: string[] = [];
  return {
    scopes,
    getToken: async (scope: string | string[]) => {
      scopes.push(String(scope));
      return { token: `token ${scopes.length}`, expiresOnTimestamp: Date.now() + lifetimeMilliseconds };
    },
  };
}

test('the managed identity gets a token for the resource', async () => {
  vi.stubEnv('IDENTITY_ENDPOINT', `${entra.url}/msi/token`);
  vi.stubEnv('IDENTITY_HEADER', managedIdentity.header);
  const credential = appCredential({ hasManagedIdentity: true });
  const token = await accessTokens({ credential, clock: systemClock() }).forResource('http://127.0.0.1:7080');
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as object;
  expect(claims).toMatchObject({ aud: 'http://127.0.0.1:7080', appid: managedIdentity.clientId });
});

test('a token is kept for its resource until shortly before its end', async () => {
  const credential = countingCredential(3600_000);
  const tokens = accessTokens({ credential, clock: systemClock() });
  expect(await tokens.forResource('https://a')).toBe('token 1');
  expect(await tokens.forResource('https://b')).toBe('token 2');
  expect(await tokens.forResource('https://a')).toBe('token 1');
  expect(credential.scopes).toEqual(['https://a/.default', 'https://b/.default']);

  const short = countingCredential(4 * 60_000);
  const shortTokens = accessTokens({ credential: short, clock: systemClock() });
  await shortTokens.forResource('https://a');
  expect(await shortTokens.forResource('https://a')).toBe('token 2');
});

test('those who ask together ask once, and again after a failure', async () => {
  const credential = countingCredential(3600_000);
  let isAway = true;
  const getToken = async (scope: string | string[]) => {
    const token = await credential.getToken(scope);
    if (isAway) throw new Error('away');
    return token;
  };
  const tokens = accessTokens({ credential: { getToken }, clock: systemClock() });
  const askTogether = () => Promise.allSettled([1, 2, 3].map(() => tokens.forResource('https://a')));
  expect(new Set((await askTogether()).map(({ status }) => status))).toEqual(new Set(['rejected']));
  isAway = false;
  const value = 'token 2';
  expect(await askTogether()).toEqual([1, 2, 3].map(() => ({ status: 'fulfilled', value })));
});

test('a token that was refused is not given again from the cache', async () => {
  const tokens = accessTokens({ credential: countingCredential(3600_000), clock: systemClock() });
  const first = await tokens.forResource('https://a');
  expect(await tokens.forResource('https://a', first)).toBe('token 2');
  expect(await tokens.forResource('https://a', first)).toBe('token 2');
});
