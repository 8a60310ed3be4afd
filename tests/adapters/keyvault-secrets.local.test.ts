import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Entra, startEntra } from '../../local/entra/start-entra.ts';
import { sampleSecrets } from '../../local/keyvault/sample-secrets.ts';
import { type KeyVault, startKeyVault } from '../../local/keyvault/start-keyvault.ts';
import { contosoTenantId, managedIdentity, organizationId } from '../../local/sign-ins.ts';
import { appCredential } from '../../shared/adapters/entra/app-credential.ts';
import { secrets } from '../../shared/adapters/keyvault/secrets.ts';
import type { Secrets } from '../../shared/ports/secrets.ts';
import { trustAuthority } from '../trust-authority.ts';

const folder = mkdtempSync(join(tmpdir(), 'keyvault-'));
const destination = 'postgres://exporter:exporter@127.0.0.1:5555/reporting';
let entra: Entra;
let vault: KeyVault;
let store: Secrets;
let distrust: () => void;

beforeAll(async () => {
  entra = await startEntra({ port: 0 });
  vault = await startKeyVault({
    port: 0,
    folder,
    entraUrl: entra.url,
    initialSecrets: { ...sampleSecrets(destination), empty: { value: '', tags: {} } },
  });
  distrust = trustAuthority(vault.caFile);
  vi.stubEnv('IDENTITY_ENDPOINT', `${entra.url}/msi/token`);
  vi.stubEnv('IDENTITY_HEADER', managedIdentity.header);
  const credential = appCredential({ hasManagedIdentity: true });
  store = secrets({ hosts: [new URL(vault.url).host, 'localhost:9'], credential });
});
afterAll(async () => {
  distrust();
  vi.unstubAllEnvs();
  await vault.close();
  await entra.close();
  rmSync(folder, { recursive: true });
});

test('a secret comes with its value and tags, with and without a slash at the end', async () => {
  const expected = { value: destination, tags: { [organizationId]: contosoTenantId } };
  expect(await store.read(`${vault.url}/secrets/reporting`)).toEqual(expected);
  expect(await store.read(`${vault.url}/secrets/reporting/`)).toEqual(expected);
});

test('a secret without tags has none', async () => {
  expect(await store.read(`${vault.url}/secrets/reporting-untagged`)).toMatchObject({ tags: {} });
});

test('a secret that ends says when', async () => {
  const exp = Date.parse('2027-01-07T18:00:00Z') / 1000;
  await fetch(`${vault.url}/simulator/secrets/ending`, {
    method: 'PUT',
    body: JSON.stringify({ value: destination, exp }),
  });
  expect(await store.read(`${vault.url}/secrets/ending`)).toEqual({
    ...{ value: destination, tags: {}, endsAt: '2027-01-07T18:00:00.000Z' },
  });
});

test('an address of another host is refused before anybody is called', async () => {
  await expect(store.read('https://evil.example/secrets/reporting')).rejects.toMatchObject({
    code: 'SECRET_ADDRESS_INVALID',
  });
});

test('a secret or version that does not exist is told', async () => {
  await expect(store.read(`${vault.url}/secrets/nobody`)).rejects.toMatchObject({ code: 'SECRET_NOT_FOUND' });
  await expect(store.read(`${vault.url}/secrets/reporting/${'0'.repeat(32)}`)).rejects.toMatchObject({
    code: 'SECRET_NOT_FOUND',
  });
});

test('an empty secret is no connection string', async () => {
  await expect(store.read(`${vault.url}/secrets/empty`)).rejects.toMatchObject({
    code: 'SECRET_VALUE_INVALID',
  });
});

test('an identity without the permission is told so', async () => {
  const answer = await fetch(`${entra.url}/simulator/token`, {
    method: 'POST',
    body: JSON.stringify({ claims: { aud: 'https://vault.azure.net' } }),
  });
  const { access_token: token } = (await answer.json()) as { access_token: string };
  const stranger = secrets({
    hosts: [new URL(vault.url).host],
    credential: { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3600_000 }) },
  });
  await expect(stranger.read(`${vault.url}/secrets/reporting`)).rejects.toMatchObject({
    code: 'SECRET_ACCESS_DENIED',
  });
});

test('a vault that does not answer is told', async () => {
  await expect(store.read('https://localhost:9/secrets/reporting')).rejects.toMatchObject({
    code: 'SECRET_UNREACHABLE',
  });
});
