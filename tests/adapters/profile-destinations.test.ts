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

  test.each([' ', ' ;', 'a b', "'", "'\\", '"', 'a=', 'a="'])(
    'is soon found even if a secret is full of %j',
    (part) => {
      // A vault keeps 25 KB; this took minutes.
      expect(() => connectionStringKind(`${part.repeat(25_000 / part.length)};`)).not.toThrow();
    },
  );
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

const refusal = new ServiceError('DESTINATION_LOGIN_FAILED', 'Cannot connect: the login was refused.');

function setUp(secret: Secret) {
  const seen = {
    ...{ reads: 0, opened: [] as string[], closed: [] as string[], secret, now: 0 },
    /** Connection strings whose login the server refuses. */
    refused: [] as string[],
    vaultFailure: undefined as ServiceError | undefined,
  };
  const destinationAt = (text: string, name: string) =>
    ({
      checkpoint: async () => {
        if (seen.refused.includes(text)) throw refusal;
        return undefined;
      },
      test: async () =>
        seen.refused.includes(text) ? [{ severity: 'error', code: refusal.code, message: '' }] : [],
      close: async () => void seen.closed.push(name),
    }) as unknown as Destination;
  const destinations = profileDestinations({
    secrets: {
      read: async () => {
        seen.reads += 1;
        if (seen.vaultFailure) throw seen.vaultFailure;
        return seen.secret;
      },
      problemsOfAddress: () => [],
    },
    organizations: { byId: async (id) => ({ ...organization, id }) },
    clock: { now: () => new Date(seen.now), sleep: async () => {} },
    drivers: {
      PostgreSql: async () => ({
        open: (text, { schema, prefix }) => {
          const name = `${text} ${schema} ${prefix}`;
          seen.opened.push(name);
          return destinationAt(text, name);
        },
      }),
      SqlAzure: async () => ({
        open: (text) => {
          seen.opened.push(`SQL Server: ${text}`);
          return destinationAt(text, text);
        },
      }),
    },
  });
  return { seen, destinations };
}

const value = 'postgres://u:p@h/d';

test('a profile for SQL Server gets a destination of its driver', async () => {
  const text = 'Server=x;Initial Catalog=y';
  const { seen, destinations } = setUp({ value: text, tags });
  await destinations.open({ ...profile, destination: { ...profile.destination, type: 'SqlAzure' } });
  expect(seen.opened).toEqual([`SQL Server: ${text}`]);
});

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

test('a secret is read at once when it has to be fresh', async () => {
  const { seen, destinations } = setUp({ value, tags });
  await destinations.open(profile);
  seen.secret = { value, tags: {} };
  await expect(destinations.open(profile, { isFresh: true })).rejects.toMatchObject({
    code: 'SECRET_TAG_MISSING',
  });
  expect(seen.reads).toBe(2);
});

test('a secret that lost its tag is refused from its next reading on, until it has one again', async () => {
  const { seen, destinations } = setUp({ value, tags });
  await destinations.open(profile);
  seen.secret = { value: 'postgres://u:new@h/d', tags: {} };
  seen.now = 301_000;
  const refused = { code: 'SECRET_TAG_MISSING' };
  await expect(destinations.open(profile)).rejects.toMatchObject(refused);
  seen.secret = { value: 'postgres://u:new@h/d', tags };
  await expect(destinations.open(profile)).rejects.toMatchObject(refused);
  seen.now += 10_000;
  await destinations.open(profile);
  expect(seen.opened).toEqual([`${value} dbo `, 'postgres://u:new@h/d dbo ']);
});

test('many tables that open together ask the vault once, also when it fails, and again after ten seconds', async () => {
  const { seen, destinations } = setUp({ value, tags });
  const openMany = () => Promise.allSettled(Array.from({ length: 100 }, () => destinations.open(profile)));
  seen.vaultFailure = new ServiceError('SECRET_UNREACHABLE', 'Cannot read: no answer; one was expected.');
  expect(new Set((await openMany()).map(({ status }) => status))).toEqual(new Set(['rejected']));
  seen.now = 9_999;
  await openMany();
  expect(seen.reads).toBe(1);
  seen.vaultFailure = undefined;
  seen.now = 10_000;
  expect(new Set((await openMany()).map(({ status }) => status))).toEqual(new Set(['fulfilled']));
  expect(seen.reads).toBe(2);
});

test('a fresh reading that fails takes nothing from the work that goes on', async () => {
  const { seen, destinations } = setUp({ value, tags });
  const first = await destinations.open(profile);
  seen.vaultFailure = new ServiceError('SECRET_UNREACHABLE', 'Cannot read: no answer; one was expected.');
  await expect(destinations.open(profile, { isFresh: true })).rejects.toBe(seen.vaultFailure);
  expect(await destinations.open(profile)).toBe(first);
});

const rotated = 'postgres://u:new@h/d';

test('a call whose login is refused is made again with the password that the secret has now', async () => {
  const { seen, destinations } = setUp({ value, tags });
  const destination = await destinations.open(profile);
  seen.secret = { value: rotated, tags };
  seen.refused = [value];
  seen.now = 10_000;
  const calls = Array.from({ length: 20 }, () => destination.checkpoint('account'));
  expect(new Set(await Promise.all(calls))).toEqual(new Set([undefined]));
  expect(seen).toMatchObject({ reads: 2, opened: [`${value} dbo `, `${rotated} dbo `] });
});

test('a secret with a new password but without its tag is refused, though the login was the reason to read it', async () => {
  const { seen, destinations } = setUp({ value, tags });
  const destination = await destinations.open(profile);
  seen.secret = { value: rotated, tags: {} };
  seen.refused = [value];
  seen.now = 10_000;
  await expect(destination.checkpoint('account')).rejects.toMatchObject({ code: 'SECRET_TAG_MISSING' });
});

test.each(['checkpoint', 'test'] as const)(
  'a login that stays refused in %s has the secret read again every ten seconds at most',
  async (method) => {
    const { seen, destinations } = setUp({ value, tags });
    seen.refused = [value];
    const callOnce = async () => {
      const destination = await destinations.open(profile);
      return method === 'test' ? destination.test([]) : destination.checkpoint('account');
    };
    for (; seen.now < 60_000; seen.now += 1000) await callOnce().catch(() => undefined);
    expect(seen.reads).toBe(6);
    seen.secret = { value: rotated, tags };
    expect((await callOnce()) ?? []).toEqual([]);
  },
);

test('a destination that nobody opened for an hour is closed, one in use is not', async () => {
  const { seen, destinations } = setUp({ value, tags });
  await destinations.open(profile);
  seen.secret = { value: rotated, tags };
  seen.now = 301_000;
  await destinations.open(profile);
  seen.now = 3_600_000;
  const other = { ...profile, destination: { ...profile.destination, prefix: 'crm' } };
  await destinations.open(other);
  expect(seen.closed).toEqual([`${value} dbo `]);
});
