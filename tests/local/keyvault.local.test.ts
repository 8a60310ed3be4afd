import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretClient } from '@azure/keyvault-secrets';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Entra, startEntra } from '../../local/entra/start-entra.ts';
import { sampleSecrets } from '../../local/keyvault/sample-secrets.ts';
import { type KeyVault, startKeyVault } from '../../local/keyvault/start-keyvault.ts';
import { clients, contosoTenantId, managedIdentity, organizationId } from '../../local/sign-ins.ts';

const folder = mkdtempSync(join(tmpdir(), 'keyvault-'));
const destination = 'postgres://exporter:exporter@127.0.0.1:5555/reporting';
const initialSecrets = sampleSecrets(destination);
let entra: Entra;
let vault: KeyVault;

beforeAll(async () => {
  entra = await startEntra({ port: 0 });
  vault = await startKeyVault({ port: 0, folder, entraUrl: entra.url, initialSecrets });
});
afterAll(async () => {
  await vault.close();
  await entra.close();
  rmSync(folder, { recursive: true });
});

/** The SDK's own client; only the trust in the authority is handed over, which the app gets by NODE_EXTRA_CA_CERTS. */
function secretClient(getToken: () => Promise<string>): SecretClient {
  const credential = {
    getToken: async () => ({ token: await getToken(), expiresOnTimestamp: Date.now() + 60_000 }),
  };
  return new SecretClient(vault.url, credential, {
    disableChallengeResourceVerification: true,
    tlsOptions: { ca: readFileSync(vault.caFile, 'utf8') },
    retryOptions: { maxRetries: 0 },
  });
}

async function identityToken(): Promise<string> {
  const query = 'resource=https://vault.azure.net&api-version=2019-08-01';
  const headers = { 'x-identity-header': managedIdentity.header };
  const response = await fetch(`${entra.url}/msi/token?${query}`, { headers });
  return ((await response.json()) as { access_token: string }).access_token;
}

async function clientToken(resource: string): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clients.deploying.clientId,
    client_secret: clients.deploying.secret,
    resource,
  });
  const response = await fetch(`${entra.url}/${contosoTenantId}/oauth2/token`, { method: 'POST', body });
  return ((await response.json()) as { access_token: string }).access_token;
}

function send(method: string, path: string, body?: string) {
  return new Promise<{ status?: number; challenge?: string; body: string }>((resolve, reject) => {
    const sent = request(`${vault.url}${path}`, { method, ca: readFileSync(vault.caFile) }, (response) => {
      let text = '';
      response.on('data', (part) => {
        text += part;
      });
      response.on('end', () =>
        resolve({
          ...(response.statusCode ? { status: response.statusCode } : {}),
          ...(response.headers['www-authenticate']
            ? { challenge: response.headers['www-authenticate'] }
            : {}),
          body: text,
        }),
      );
    });
    sent.once('error', reject).end(body);
  });
}

describe('reading with the client of the Azure SDK', () => {
  test('the managed identity reads value, version and tags', async () => {
    const secret = await secretClient(identityToken).getSecret('reporting');
    expect(secret.value).toBe(destination);
    expect(secret.properties.tags).toEqual({ [organizationId]: contosoTenantId });
    expect(secret.properties.version).toMatch(/^[0-9a-f]{32}$/);
    expect(secret.properties.vaultUrl).toBe(vault.url);
  });

  test.each([
    ['reporting-untagged', destination, {}],
    [
      'reporting-other-organization',
      destination,
      { 'bbbbbbbb-0000-4000-8000-000000000001': contosoTenantId },
    ],
    [
      'unreachable',
      'postgres://exporter:exporter@127.0.0.1:9/reporting',
      { [organizationId]: contosoTenantId },
    ],
    ['wrong-password', destination.replace(':exporter@', ':wrong@'), { [organizationId]: contosoTenantId }],
  ])('secret %s is as documented', async (name, value, tags) => {
    const secret = await secretClient(identityToken).getSecret(name);
    expect(secret.value).toBe(value);
    expect(secret.properties.tags ?? {}).toEqual(tags);
  });

  test('after a rotation the newest is read, and older versions by their version', async () => {
    const client = secretClient(identityToken);
    const before = await client.getSecret('reporting-untagged');
    await send(
      'PUT',
      '/simulator/secrets/reporting-untagged',
      JSON.stringify({ value: 'new', tags: { a: 'b' } }),
    );
    const after = await client.getSecret('reporting-untagged');
    expect(after).toMatchObject({ value: 'new', properties: { tags: { a: 'b' } } });
    const { version = '' } = before.properties;
    expect((await client.getSecret('reporting-untagged', { version })).value).toBe(destination);
  });

  test('a missing secret is SecretNotFound', async () => {
    await expect(secretClient(identityToken).getSecret('nothing')).rejects.toMatchObject({
      statusCode: 404,
      code: 'SecretNotFound',
    });
  });

  test('another application of the tenant is forbidden', async () => {
    const client = secretClient(() => clientToken('https://vault.azure.net'));
    await expect(client.getSecret('reporting')).rejects.toMatchObject({ statusCode: 403, code: 'Forbidden' });
  });

  test('a token for another resource is not accepted', async () => {
    const client = secretClient(() => clientToken('http://127.0.0.1:7080'));
    await expect(client.getSecret('reporting')).rejects.toMatchObject({ statusCode: 401 });
  });
});

test('without a token the answer is the challenge of the real vault', async () => {
  const { status, challenge } = await send('GET', '/secrets/reporting?api-version=7.5');
  expect(status).toBe(401);
  expect(challenge).toBe(
    `Bearer authorization="${entra.url}/${contosoTenantId}", resource="https://vault.azure.net"`,
  );
});

test.each(['', '{', '{"value":1}', '{"value":"x","tags":{"a":1}}', 'null'])(
  'body %s sets nothing',
  async (body) => {
    expect((await send('PUT', '/simulator/secrets/bad', body)).status).toBe(400);
  },
);

test('a restart keeps secrets, versions and certificate; a new destination replaces the old one', async () => {
  const before = readFileSync(vault.caFile, 'utf8');
  await send('PUT', '/simulator/secrets/mine', '{"value":"kept"}');
  await vault.close();
  const moved = sampleSecrets(destination.replace('5555', '6666'));
  vault = await startKeyVault({
    port: 0,
    folder,
    entraUrl: entra.url,
    initialSecrets: { ...initialSecrets, reporting: moved.reporting as never },
  });
  expect(readFileSync(vault.caFile, 'utf8')).toBe(before);
  const client = secretClient(identityToken);
  expect((await client.getSecret('mine')).value).toBe('kept');
  expect((await client.getSecret('reporting-untagged')).value).toBe('new');
  expect((await client.getSecret('reporting')).value).toContain('6666');
});
