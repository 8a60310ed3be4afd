import { expect, test } from 'vitest';
import { openPool } from '../../shared/adapters/sqlserver/connection.ts';
import { entraToken } from '../../shared/adapters/sqlserver/entra-login.ts';
import { settingsSchema } from '../../shared/settings.ts';

const preset = settingsSchema.shape.ENTRA_DATABASE_HOSTS.parse(undefined);
const tokens = { forResource: async (resource: string) => `token for ${resource}` };
const own = { tokens, hosts: preset };

test.each([
  ['contoso.database.windows.net', 'https://database.windows.net'],
  ['contoso.public.0123456789ab.database.windows.net', 'https://database.windows.net'],
  ['x.database.fabric.microsoft.com', 'https://database.windows.net'],
  ['contoso.database.chinacloudapi.cn', 'https://database.chinacloudapi.cn'],
  ['contoso.database.usgovcloudapi.net', 'https://database.usgovcloudapi.net'],
])('%s is sent a token for %s', async (host, resource) => {
  expect(await entraToken({ host, port: 1433 }, own)()).toBe(`token for ${resource}`);
});

test.each([
  'db.example',
  'localhost',
  'evildatabase.windows.net',
  'x.database.windows.net.example',
  'x.database.windows.net.',
  'evil.example/.database.windows.net',
  '',
])('"%s" is not sent a token', (host) => {
  const give = () => entraToken({ host, port: 1433 }, own);
  expect(give).toThrow(expect.objectContaining({ code: 'SECRET_VALUE_INVALID' }));
});

test('a listed server is meant with its port, a listed domain with any', () => {
  const login = { tokens, hosts: ['localhost:1434', 'reporting.example'] };
  expect(() => entraToken({ host: 'localhost', port: 1434 }, login)).not.toThrow();
  expect(() => entraToken({ host: 'reporting.example', port: 1500 }, login)).not.toThrow();
  expect(() => entraToken({ host: 'localhost', port: 1433 }, login)).toThrow();
});

test('a User ID that is another identity than the app has is refused', () => {
  const open = (user: string, clientId?: string) =>
    openPool(
      `Server=x.database.windows.net;Database=d;Authentication=Active Directory Managed Identity${user}`,
      undefined,
      { ...own, ...(clientId && { clientId }) },
    );
  expect(() => open('')).not.toThrow();
  expect(() => open('', 'AAAA')).not.toThrow();
  expect(() => open(';User ID=aaaa', 'AAAA')).not.toThrow();
  expect(() => open(';User ID=bbbb', 'AAAA')).toThrow('MANAGED_IDENTITY_CLIENT_ID');
  expect(() => open(';User ID=aaaa')).toThrow('MANAGED_IDENTITY_CLIENT_ID');
});

test('an identity that gets no token is a refused login', async () => {
  const none = { forResource: () => Promise.reject(new Error('no identity')) };
  const token = entraToken({ host: 'db.example', port: 1433 }, { tokens: none, hosts: ['db.example'] });
  await expect(token()).rejects.toMatchObject({ code: 'DESTINATION_LOGIN_FAILED' });
});
