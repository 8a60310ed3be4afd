import { describe, expect, test } from 'vitest';
import { neighbourFindings } from '../../../shared/api/neighbours.ts';
import type { Profile } from '../../../shared/model/profile.ts';

const profile = (prefix: string, tables: readonly string[], differences: Partial<Profile> = {}): Profile => ({
  id: '99999999-9999-4999-8999-999999999999',
  organizationId: '22222222-2222-4222-8222-222222222222',
  organizationUrl: 'https://contoso.crm4.dynamics.com/',
  name: 'Other',
  version: 1,
  state: 'inactive',
  activation: 0,
  destination: {
    type: 'PostgreSql',
    keyVaultUri: 'https://contoso.vault.azure.net/secrets/reporting',
    schema: 'dbo',
    prefix,
  },
  tables: tables.map((name) => ({ name, settings: {} })),
  retryPolicy: { maxRetryCount: 1, intervalSeconds: 1 },
  writeDeleteLog: true,
  createdAt: '2026-11-23T10:00:00.000Z',
  lastModifiedAt: '2026-11-23T10:00:00.000Z',
  ...differences,
});
type Place = readonly [prefix: string, tables: readonly string[]];
const messages = (one: Profile, other: Profile) =>
  neighbourFindings({ ...one, name: 'New' }, [other]).map(({ message }) => message);

describe('two profiles of one destination', () => {
  test.each<[string, Place, Place, string]>([
    ['the same prefix and table', ['', ['x']], ['', ['x']], '"x"'],
    ["no prefix and a table with the other's in its name", ['', ['sales_x']], ['sales', ['x']], '"sales_x"'],
    ['the same, the other way round', ['sales', ['x']], ['', ['sales_x']], '"sales_x"'],
    ['a longer prefix', ['sales_new', ['x']], ['sales', ['new_x']], '"sales_new_x"'],
    ['prefixes that differ in case', ['Sales', ['x']], ['sales', ['x']], '"sales_x"'],
    ['a table named as the records of the other', ['', ['new_deletelog']], ['new', ['x']], '"new_deletelog"'],
    ['records named as a table of the other', ['new', ['x']], ['', ['new_deletelog']], '"new_deletelog"'],
  ])('meet with %s', (_, one, other, names) => {
    expect(messages(profile(...one), profile(...other))).toEqual([
      `profile "Other" already fills ${names} of the same destination and schema`,
    ]);
  });

  test.each<[string, Place, Place]>([
    ['other tables', ['', ['x']], ['', ['y']]],
    ['other prefixes', ['a', ['x']], ['b', ['x']]],
    ['a prefix that only begins with the letters of the other', ['sales', ['x']], ['sale', ['s_x']]],
    ['a prefix and none', ['sales', ['x']], ['', ['x']]],
  ])('do not meet with %s', (_, one, other) => {
    expect(messages(profile(...one), profile(...other))).toEqual([]);
  });
});

describe('a destination is the same', () => {
  const { destination } = profile('', ['x']);
  const beside = (differences: Partial<Profile['destination']>) =>
    messages(profile('', ['x']), profile('', ['x'], { destination: { ...destination, ...differences } }));

  test.each([
    `https://contoso.vault.azure.net/secrets/reporting/${'0'.repeat(32)}`,
    'https://contoso.vault.azure.net/secrets/reporting/',
    'https://contoso.vault.azure.net:443/secrets/reporting',
    'https://Contoso.Vault.Azure.Net/secrets/Reporting',
  ])('by %s', (keyVaultUri) => expect(beside({ keyVaultUri })).toHaveLength(1));

  test('with the schema in another case', () => expect(beside({ schema: 'DBO' })).toHaveLength(1));

  test('and another with another secret or schema', () => {
    expect(beside({ keyVaultUri: 'https://contoso.vault.azure.net/secrets/other' })).toEqual([]);
    expect(beside({ schema: 'other' })).toEqual([]);
  });
});

test('a name is taken without regard to case and spelling, unless its profile was deleted', () => {
  const other = profile('p', ['x'], { name: 'Caf\u00e9' });
  const codes = (name: string, neighbour = other) =>
    neighbourFindings({ ...profile('', ['y']), name }, [neighbour]).map(({ code }) => code);
  expect(codes('CAFE\u0301')).toEqual(['PROFILE_NAME_TAKEN']);
  expect(codes('Cafe')).toEqual([]);
  expect(codes('Caf\u00e9', { ...other, state: 'deleted' })).toEqual([]);
});
