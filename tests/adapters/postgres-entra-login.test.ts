import { expect, test } from 'vitest';
import { entraPassword } from '../../shared/adapters/postgres/entra-login.ts';
import { settingsSchema } from '../../shared/settings.ts';

const preset = settingsSchema.shape.ENTRA_DATABASE_HOSTS.parse(undefined);

function passwordFor(host: string, port = 5432, hosts = preset) {
  const tokens = { forResource: async (resource: string) => `token for ${resource}` };
  return entraPassword({ host, port }, { tokens, hosts });
}

test.each([
  ['contoso.postgres.database.azure.com', 'https://ossrdbms-aad.database.windows.net'],
  ['Contoso.Postgres.Database.Azure.COM', 'https://ossrdbms-aad.database.windows.net'],
  ['contoso.postgres.database.chinacloudapi.cn', 'https://ossrdbms-aad.database.chinacloudapi.cn'],
  ['contoso.postgres.database.usgovcloudapi.net', 'https://ossrdbms-aad.database.usgovcloudapi.net'],
])('%s is sent a token for %s', async (host, resource) => {
  expect(await passwordFor(host)()).toBe(`token for ${resource}`);
});

test.each([
  'db.example',
  'localhost',
  '127.0.0.1',
  'evilpostgres.database.azure.com.example',
  'evil-postgres.database.azure.com',
  'evil.example/.postgres.database.azure.com',
  'evil.example%2F.postgres.database.azure.com',
  'evil.example,x.postgres.database.azure.com',
  'x.postgres.database.azure.com.',
  '.postgres.database.azure.com',
  '',
])('"%s" is not sent a token', (host) => {
  expect(() => passwordFor(host)).toThrow(expect.objectContaining({ code: 'SECRET_VALUE_INVALID' }));
});

test('a listed server is meant with its port, a listed domain with itself and with any port', () => {
  const hosts = ['localhost:5433', 'reporting.example'];
  expect(() => passwordFor('localhost', 5433, hosts)).not.toThrow();
  expect(() => passwordFor('reporting.example', 6432, hosts)).not.toThrow();
  expect(() => passwordFor('localhost', 5432, hosts)).toThrow();
  expect(() => passwordFor('x.localhost', 5433, hosts)).toThrow();
});

test('an identity that gets no token is a refused login', async () => {
  const tokens = { forResource: () => Promise.reject(new Error('no identity')) };
  const password = entraPassword({ host: 'db.example', port: 5432 }, { tokens, hosts: ['db.example'] });
  await expect(password()).rejects.toMatchObject({ code: 'DESTINATION_LOGIN_FAILED' });
});
