import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readProfileDescription } from '../../../shared/api/profile-description.ts';
import { profileDetails, statusResponse } from '../../../shared/api/wire-format.ts';
import { sentencesOf } from '../../../shared/api/wire-members.ts';
import { type Profile, profileStates } from '../../../shared/model/profile.ts';
import { newSyncState, type SyncState } from '../../../shared/model/sync-state.ts';
import { description, organization, stubPorts } from './stub-ports.ts';

const { secrets } = stubPorts().ports;
const read = (change: object = {}) => readProfileDescription({ ...description, ...change }, secrets);
const problemsOf = (change: object) => sentencesOf(read(change).problems);

describe('profile descriptions in', () => {
  test('the production client sends what is understood', () => {
    const nulls = { Id: null, Version: null, State: null, OrganizationUrl: null, Status: null };
    const entities = [
      { Type: 'account', Settings: {}, Object: { a: {} }, LogicalName: null, DisplayName: null },
    ];
    expect(read({ ...nulls, Entities: entities })).toEqual({
      problems: [],
      description: {
        name: 'Sales',
        organizationId: organization.id,
        destination: {
          type: 'SqlAzure',
          keyVaultUri: description.DestinationKeyVaultUri,
          schema: 'dbo',
          prefix: '',
        },
        tables: [{ name: 'account', settings: {} }],
        retryPolicy: { maxRetryCount: 5, intervalSeconds: 7 },
        writeDeleteLog: true,
      },
    });
  });

  test('what is absent or null gets the presets of the old service', () => {
    const absent = { DestinationType: null, DestinationPrefix: null, DestinationSchemaName: null };
    const { problems, description: read_ } = read({ ...absent, RetryPolicy: null, WriteDeleteLog: null });
    expect(problems).toEqual([]);
    expect(read_).toMatchObject({
      destination: { type: 'SqlAzure', schema: 'dbo', prefix: '' },
      retryPolicy: { maxRetryCount: 12, intervalSeconds: 5 },
      writeDeleteLog: false,
    });
  });

  const anyCase = (name: string) =>
    fc
      .array(fc.boolean(), { minLength: name.length, maxLength: name.length })
      .map((upper) =>
        [...name].map((letter, i) => (upper[i] ? letter.toUpperCase() : letter.toLowerCase())).join(''),
      );
  const numberOrText = (number: fc.Arbitrary<number>) =>
    fc.tuple(number, fc.boolean()).map(([value, isText]) => (isText ? String(value) : value));

  test('destination types are understood as names in any case, as numbers and as numbers in text', () => {
    const sql = fc.oneof(
      anyCase('SqlAzure'),
      anyCase('SqlServer'),
      numberOrText(fc.nat(1000).filter((number) => number !== 4)),
    );
    fc.assert(
      fc.property(sql, (DestinationType) => {
        expect(read({ DestinationType })).toMatchObject({
          problems: [],
          description: { destination: { type: 'SqlAzure' } },
        });
      }),
    );
    fc.assert(
      fc.property(anyCase('PostgreSql'), (DestinationType) => {
        expect(read({ DestinationType })).toMatchObject({
          problems: [],
          description: { destination: { type: 'PostgreSql' } },
        });
      }),
    );
  });

  test('other destination types are refused', () => {
    for (const DestinationType of [
      4,
      '4',
      ' 4 ',
      '',
      ' ',
      'Adls',
      -1,
      1.5,
      'constructor',
      '__proto__',
      true,
      [],
      {},
    ])
      expect(problemsOf({ DestinationType }), JSON.stringify(DestinationType)).toEqual([
        expect.stringMatching(/^DestinationType must be /),
      ]);
  });

  test('Backoff is understood in every spelling', () => {
    fc.assert(
      fc.property(fc.oneof(anyCase('Simple'), fc.constantFrom(0, '0')), (Backoff) => {
        expect(problemsOf({ RetryPolicy: { Backoff } })).toEqual([]);
      }),
    );
    expect(problemsOf({ RetryPolicy: { Backoff: 'Exponential' } })).toHaveLength(1);
  });

  test.each([
    ['Name', [undefined, '', '  ', 'x'.repeat(201), 'a\nb', 'a\ud800b', 7]],
    ['OrganizationId', [undefined, '', 'contoso', 5]],
    ['DestinationKeyVaultUri', [undefined, '', 'https://evil.example/secrets/x', 5]],
    ['DestinationSchemaName', ['1dbo', 'd-b', 'd bo', 'dbo]', 'x'.repeat(129), 'schéma', 5]],
    ['DestinationPrefix', ['fifteen_letters', 'a-b', 'ä', "x'", 5]],
    ['Entities', [undefined, [], 'account', {}, [{ Type: 'account' }, { Type: 'ACCOUNT' }]]],
    ['Entities[0]', [['account'], [{ Type: 'a b' }], [{ Type: 7 }], [{}], [null]]],
    ['WriteDeleteLog', ['yes', 1]],
    ['RetryPolicy', ['often', [], 5]],
  ] as [string, unknown[]][])('%s that breaks its rule is named', (name, values) => {
    const member = name.replace('[0]', '');
    for (const value of values)
      expect(
        problemsOf({ [member]: value }).some((problem) => problem.startsWith(name)),
        JSON.stringify(value),
      ).toBe(true);
  });

  test.each([
    ['MaxRetryCount', 20],
    ['IntervalInSeconds', 3600],
  ])('%s is a whole number from 0 to %i, also as text', (name, largest) => {
    fc.assert(
      fc.property(numberOrText(fc.integer({ min: 0, max: largest })), (value) => {
        expect(problemsOf({ RetryPolicy: { [name]: value } })).toEqual([]);
      }),
    );
    for (const value of [-1, largest + 1, 0.5, '-1', '1e1', 'many', true, {}])
      expect(problemsOf({ RetryPolicy: { [name]: value } })).toEqual([
        expect.stringMatching(`^RetryPolicy\\.${name} must be a whole number from 0 to ${largest}, received`),
      ]);
  });

  test('duplicates are named once each', () => {
    const names = ['account', 'Lead', 'ACCOUNT', 'lead', 'Account'].map((Type) => ({ Type }));
    expect(problemsOf({ Entities: names })).toEqual(['Entities names more than once: "account", "lead"']);
  });

  test('all problems are told at once', () => {
    const { problems } = readProfileDescription({ DestinationPrefix: '-', DestinationType: 4 }, secrets);
    expect(problems).toHaveLength(6);
  });
});

const profile: Profile = {
  ...read().description,
  id: '77777777-7777-4777-8777-777777777777',
  organizationUrl: organization.url,
  version: 7,
  state: 'active',
  activation: 1,
  createdAt: '2026-11-23T10:00:00.000Z',
  lastModifiedAt: '2026-11-23T10:00:00.000Z',
};
const instant = fc
  .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
  .map((date) => date.toISOString());
const syncState = (name: string): fc.Arbitrary<SyncState> =>
  fc
    .record(
      {
        metadataState: fc.constantFrom('NotCreated', 'MetadataCreating', 'Created', 'Failure'),
        initialSyncState: fc.constantFrom('NotStarted', 'InProgress', 'Completed', 'CompletedWithFailures'),
        lastExportStatus: fc.constantFrom('Success', 'Failure'),
        successCount: fc.nat(),
        failureCount: fc.nat(),
        metadataCreatedAt: instant,
        initialSyncCompletedAt: instant,
        lastDeltaSyncAt: instant,
        lastExportAt: instant,
      } as const,
      { requiredKeys: ['metadataState', 'initialSyncState', 'successCount', 'failureCount'] },
    )
    .map((members) => ({ ...newSyncState(profile.id, name, 1, ''), ...members }));

const everyMember = (value: unknown): [string, unknown][] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, member]) => [
        [name, member] as [string, unknown],
        ...everyMember(member),
      ])
    : [];

describe('profiles out', () => {
  test('nothing is null, names are PascalCase, counts add up, and every table has a status when asked', () => {
    const states = fc.tuple(fc.option(syncState('account')), fc.option(syncState('contact')));
    fc.assert(
      fc.property(states, fc.constantFrom(...profileStates), (options, state) => {
        const known = options.filter((one) => one !== null);
        const wire = JSON.parse(JSON.stringify(profileDetails({ ...profile, state }, known)));
        for (const [name, value] of everyMember(wire)) {
          expect(value, name).not.toBeNull();
          if (!/^\d+$/.test(name)) expect(name).toMatch(/^[A-Z]/);
          if (/Notifications$/.test(name)) expect(value).toBeTypeOf('number');
          if (/Date$|Time$|ModifiedOn$/.test(name)) expect(value).toMatch(/T.*Z$/);
        }
        expect(wire.State).toBe({ inactive: 0, active: 1, deleted: 3 }[state]);
        let total = 0;
        for (const entity of wire.Entities) {
          expect(entity.Status.InitialSyncState).toMatch(
            /^(NotStarted|InProgress|Completed|CompletedWithFailures)$/,
          );
          expect(entity.Status.TotalNotifications).toBe(
            entity.Status.SuccessNotifications + entity.Status.FailureNotifications,
          );
          total += entity.Status.TotalNotifications;
        }
        expect(wire.Status.TotalNotifications).toBe(total);
      }),
    );
  });

  test('how far a load is, and how long it still takes, is told while it goes on', () => {
    const state = newSyncState(profile.id, 'account', profile.activation, '2026-11-23T10:00:00Z');
    const progress = { rowsExpected: 900, rowsLoaded: 300, loadRemainingSeconds: 60 };
    const statusIn = (phase: SyncState['phase']) =>
      profileDetails(profile, [{ ...state, ...progress, phase }]).Entities?.[0];
    const told = { RowsExpected: 900, RowsLoaded: 300, RemainingSeconds: 60 };
    expect(statusIn('load')).toMatchObject({ Status: told });
    for (const phase of ['identity', 'sweep', 'delta'] as const)
      for (const name of Object.keys(told)) expect(statusIn(phase)).not.toHaveProperty(`Status.${name}`);
  });

  test('a date that is not known yet is left out', () => {
    const [entity] = profileDetails(profile, []).Entities ?? [];
    expect(entity).toEqual({
      Type: 'account',
      Settings: {},
      Status: {
        Type: 'account',
        ProfileId: profile.id,
        TotalNotifications: 0,
        SuccessNotifications: 0,
        FailureNotifications: 0,
        EntityMetadataState: 'NotCreated',
        InitialSyncState: 'NotStarted',
      },
    });
  });

  test.each([
    [['NotStarted', 'NotStarted'], 'NotStarted'],
    [['NotStarted', 'Completed'], 'InProgress'],
    [['CompletedWithFailures', 'NotStarted'], 'InProgress'],
    [['InProgress', 'Completed'], 'InProgress'],
    [['Completed', 'CompletedWithFailures'], 'CompletedWithFailures'],
    [['Completed', 'Completed'], 'Completed'],
  ] as const)('tables in states %j make a profile in state %s', (initial, expected) => {
    const states = ['account', 'contact'].map((name, index) => ({
      ...newSyncState(profile.id, name, 1, ''),
      initialSyncState: initial[index] ?? 'NotStarted',
    }));
    expect(profileDetails(profile, states).Status).toMatchObject({ InitialSyncState: expected });
  });

  test('a status response has the state as a number', () => {
    expect(statusResponse(profile)).toEqual({
      Id: profile.id,
      State: 1,
      OrganizationId: organization.id,
      OrganizationUrl: organization.url,
    });
  });
});
