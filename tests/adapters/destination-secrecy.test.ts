import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { profileDestinations } from '../../shared/adapters/destinations/profile-destinations.ts';
import { postgresDestinations } from '../../shared/adapters/postgres/destination.ts';
import { sqlServerDestinations } from '../../shared/adapters/sqlserver/destination.ts';
import { ServiceError } from '../../shared/errors.ts';
import { destinationTypes } from '../../shared/model/profile.ts';

const organization = { id: 'o', tenantId: 't', name: 'Contoso', url: 'https://contoso.example/' };

/** Words that no message of ours has; odd characters around them come from the forms below. */
const word = fc.stringMatching(/^zq[0-9a-f]{6,12}$/);
const odd = fc.constantFrom(
  '',
  '%',
  '%ZZ',
  '%40',
  '@',
  ':',
  '/',
  '#',
  '?',
  ' ',
  '\n',
  ';',
  '=',
  "'",
  '"',
  '\0',
  'é',
);
const part = fc.tuple(odd, word, odd).map((texts) => texts.join(''));
const scheme = fc.constantFrom(
  'postgres',
  'postgresql',
  'POSTGRES',
  'mssql',
  'sqlserver',
  'https',
  'jdbc:postgresql',
);
const query = fc.oneof(
  fc.constantFrom('', '?authentication=entra', '?sslmode=disable', '?sslmode=disable&authentication=entra'),
  part.map((value) => `?sslmode=${value}`),
  part.map((value) => `?authentication=${value}`),
);
const url = fc
  .tuple(scheme, part, part, part, part, query)
  .map(
    ([way, user, password, host, database, more]) =>
      `${way}://${user}:${password}@${host}/${database}${more}`,
  );
const withoutPassword = fc
  .tuple(scheme, part, part, part, query)
  .map(([way, user, host, database, more]) => `${way}://${user}@${host}/${database}${more}`);
const pairs = fc
  .tuple(
    fc.constantFrom('Server', 'Host', 'Data Source', 'host', 'zq'),
    part,
    part,
    part,
    fc.constantFrom(';', ' '),
    fc.oneof(
      fc.constantFrom('Encrypt=no', 'Authentication=Active Directory Default', 'Integrated Security=true'),
      fc
        .tuple(fc.constantFrom('Encrypt', 'Connect Timeout', 'Authentication'), part)
        .map((pair) => pair.join('=')),
    ),
  )
  .map(([key, host, user, password, end, more]) =>
    [`${key}=${host}`, `User Id=${user}`, `Password=${password}`, `Database=${user}`, more].join(end),
  );
const anyForm = fc.oneof(url, withoutPassword, pairs, part, fc.string());

async function failureOf(value: string, type: (typeof destinationTypes)[number], isTagged: boolean) {
  const tokens = { forResource: () => Promise.reject(new Error('no token')) };
  const destinations = profileDestinations({
    secrets: {
      read: async () => ({ value, tags: isTagged ? { o: 't' } : {} }),
      problemsOfAddress: () => [],
    },
    organizations: { byId: async () => organization },
    clock: { now: () => new Date(0), sleep: async () => {} },
    drivers: {
      PostgreSql: async () => postgresDestinations({ tokens, hosts: ['database.example'] }),
      SqlAzure: async () => sqlServerDestinations({ tokens, hosts: ['database.example'] }),
    },
  });
  const destination = { type, keyVaultUri: 'https://v/secrets/r', schema: 'dbo', prefix: '' };
  try {
    await destinations.open({ organizationId: 'o', destination });
    return undefined;
  } catch (error) {
    return error;
  }
}

test('whatever a secret holds, a destination that cannot be opened tells no part of it', async () => {
  let failureCount = 0;
  const property = fc.asyncProperty(
    anyForm,
    fc.constantFrom(...destinationTypes),
    fc.boolean(),
    async (value, type, isTagged) => {
      const error = await failureOf(value, type, isTagged);
      if (error === undefined) return;
      failureCount += 1;
      expect(error).toBeInstanceOf(ServiceError);
      // With its cause and all that a log would show.
      const told = inspect(error, { depth: 10 }).replaceAll(/^ +at .*$/gm, '');
      for (const [secret] of value.matchAll(/zq[0-9a-f]{6,12}/g)) expect(told).not.toContain(secret);
    },
  );
  await fc.assert(property, { numRuns: 2000 });
  expect(failureCount).toBeGreaterThan(1000);
});
