import { describe, expect, test } from 'vitest';
import { connectionStringKind } from '../../shared/adapters/destinations/connection-string-kind.ts';
import { profileDestinations } from '../../shared/adapters/destinations/profile-destinations.ts';
import { ServiceError } from '../../shared/errors.ts';
import type { DestinationType } from '../../shared/model/profile.ts';
import type { Destination } from '../../shared/ports/destination.ts';
import type { Secret } from '../../shared/ports/secrets.ts';

describe('the kind of a connection string', () => {
  test.each<[string, DestinationType | undefined]>([
    ['postgres://u:p@host:5432/db?sslmode=require', 'PostgreSql'],
    ['postgresql://host/db', 'PostgreSql'],
    ['host=db.example port=5432 dbname=reporting user=u password=p', 'PostgreSql'],
    ["user=u password='a b;server=x' dbname=reporting", 'PostgreSql'],
    ['Host=db.example;Port=5432;Database=reporting;Username=u;Password=p;SSL Mode=Require', 'PostgreSql'],
    ['Server=db.example;Port=5432;Database=reporting;User Id=u;Password=p', 'PostgreSql'],
    [
      'Server=tcp:x.database.windows.net,1433;Initial Catalog=reporting;User ID=u;Password=p;Encrypt=True;',
      'SqlAzure',
    ],
    ['Data Source=x;Initial Catalog=reporting;Integrated Security=True', 'SqlAzure'],
    ['Server=x;Database=y;User Id=u;Password="a;Host=b"', 'SqlAzure'],
    ["Server=x;Password='Port=1;''Port=2';Database=y", 'SqlAzure'],
    ['mssql://sa:p@host:1433/db', 'SqlAzure'],
    ['https://example.com/?host=a', undefined],
    ['hello', undefined],
    ['', undefined],
    ['AccountName=x;AccountKey=y', undefined],
  ])('%s', (text, kind) => expect(connectionStringKind(text)).toBe(kind));
});

const organization = {
  id: '22222222-2222-4222-8222-222222222222',
  tenantId: 'abababab-1111-4111-8111-111111111111',
  name: 'Contoso',
  url: 'https://contoso.crm4.dynamics.com/',
};
const tags = { [organization.id.toUpperCase()]: organization.tenantId.toUpperCase() };
const profile = {
  organizationId: organization.id,
  destination: { type: 'PostgreSql' as const, keyVaultUri: 'https://v/secrets/r', schema: 'dbo', prefix: '' },
};

function setUp(secret: Secret, failing: { code?: 'DESTINATION_LOGIN_FAILED' } = {}) {
  const seen = { reads: 0, opened: [] as string[], secret, now: 0, failing };
  const destination = {
    checkpoint: async () => {
      if (seen.failing.code) throw new ServiceError(seen.failing.code, 'Cannot connect: refused; a login.');
      return undefined;
    },
    test: async () =>
      seen.failing.code ? [{ severity: 'error', code: seen.failing.code, message: '' }] : [],
  } as unknown as Destination;
  const destinations = profileDestinations({
    secrets: {
      read: async () => {
        seen.reads += 1;
        return seen.secret;
      },
      problemsOfAddress: () => [],
    },
    organizations: { byId: async (id) => ({ ...organization, id }) },
    clock: { now: () => new Date(seen.now), sleep: async () => {} },
    drivers: {
      PostgreSql: async () => ({
        open: (text, { schema, prefix }) => {
          seen.opened.push(`${text} ${schema} ${prefix}`);
          return { ...destination };
        },
      }),
    },
  });
  return { seen, destinations };
}

const value = 'postgres://u:p@h/d';

test('a profile gets one destination for its connection string, schema and prefix', async () => {
  const { seen, destinations } = setUp({ value, tags });
  const first = await destinations.open(profile);
  expect(await destinations.open(profile)).toBe(first);
  const prefixed = { ...profile, destination: { ...profile.destination, prefix: 'crm' } };
  expect(await destinations.open(prefixed)).not.toBe(first);
  expect(seen).toMatchObject({ reads: 1, opened: [`${value} dbo `, `${value} dbo crm`] });
});

test('white space around a secret is no part of it', async () => {
  const { seen, destinations } = setUp({ value: ` ${value}\n`, tags });
  await destinations.open(profile);
  expect(seen.opened).toEqual([`${value} dbo `]);
});

test('calls that come together share one destination', async () => {
  const { destinations } = setUp({ value, tags });
  const [first, second] = await Promise.all([destinations.open(profile), destinations.open(profile)]);
  expect(second).toBe(first);
});

test.each<[string, Record<string, string>]>([
  ['without tags', {}],
  ['tagged for another organization', { '22222222-2222-4222-8222-222222222223': organization.tenantId }],
  ['tagged with another tenant', { [organization.id]: organization.id }],
])('a secret %s is never used', async (_kind, wrong) => {
  const { seen, destinations } = setUp({ value, tags: wrong });
  const error: unknown = await destinations.open(profile).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'SECRET_TAG_MISSING' });
  expect((error as Error).message).toContain(organization.tenantId);
  expect(seen.opened).toEqual([]);
});

test.each<[string, string, DestinationType, RegExp]>([
  ['is no connection string', 'secret words', 'PostgreSql', /no connection string/],
  ['is of the other database', 'Server=x;Initial Catalog=y', 'PostgreSql', /string of SQL Server/],
  ['needs a driver that is not here', 'Server=x;Initial Catalog=y', 'SqlAzure', /no driver/],
])('a secret whose value %s is refused without showing it', async (_kind, text, type, reason) => {
  const { destinations } = setUp({ value: text, tags });
  const asked = { ...profile, destination: { ...profile.destination, type } };
  const error: unknown = await destinations.open(asked).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: 'SECRET_VALUE_INVALID',
    message: expect.stringMatching(reason) as string,
  });
  expect((error as Error).message).not.toContain(text);
});

test('a secret that is kept for one organization is not open to another', async () => {
  const { destinations } = setUp({ value, tags });
  await destinations.open(profile);
  const other = { ...profile, organizationId: '22222222-2222-4222-8222-222222222223' };
  await expect(destinations.open(other)).rejects.toMatchObject({ code: 'SECRET_TAG_MISSING' });
});

test('a secret is read again after five minutes', async () => {
  const { seen, destinations } = setUp({ value, tags });
  await destinations.open(profile);
  seen.now = 299_000;
  await destinations.open(profile);
  expect(seen.reads).toBe(1);
  seen.now = 301_000;
  seen.secret = { value: 'postgres://u:new@h/d', tags };
  await destinations.open(profile);
  expect(seen).toMatchObject({ reads: 2, opened: [`${value} dbo `, 'postgres://u:new@h/d dbo '] });
});

test.each(['checkpoint', 'test'] as const)(
  'a login refused in %s has the secret read again',
  async (method) => {
    const { seen, destinations } = setUp({ value, tags }, { code: 'DESTINATION_LOGIN_FAILED' });
    const destination = await destinations.open(profile);
    await (method === 'test' ? destination.test([]) : destination.checkpoint('account')).catch(() => {});
    seen.failing = {};
    seen.secret = { value: 'postgres://u:new@h/d', tags };
    const healed = await destinations.open(profile);
    expect(await healed.checkpoint('account')).toBeUndefined();
    expect(seen.reads).toBe(2);
  },
);
