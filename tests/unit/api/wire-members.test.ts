import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { secretAddress } from '../../../shared/adapters/keyvault/secret-address.ts';
import { readProfileDescription, readProfileDocument } from '../../../shared/api/profile-description.ts';
import { profileDetails, profileText } from '../../../shared/api/wire-format.ts';
import { sentencesOf } from '../../../shared/api/wire-members.ts';
import { type Profile, profileStates } from '../../../shared/model/profile.ts';
import { newSyncState } from '../../../shared/model/sync-state.ts';
import { organization } from './stub-ports.ts';

const secrets = {
  problemsOfAddress: (address: string) => {
    const read = secretAddress(address, ['vault.azure.net']);
    return 'problems' in read ? read.problems : [];
  },
};

const guid = fc.uuid();
const text = (pattern: RegExp) => fc.stringMatching(pattern);
const tableNames = fc.uniqueArray(text(/^[a-z][a-z0-9_]{0,20}$/), { minLength: 1, maxLength: 5 });
const settings = fc.dictionary(
  fc.string({ maxLength: 5 }).filter((name) => name !== '__proto__'),
  fc.string({ unit: 'binary', maxLength: 8 }),
  { maxKeys: 3, noNullPrototype: true },
);

const profile: fc.Arbitrary<Profile> = fc
  .record({
    id: guid,
    organizationId: guid,
    name: text(/^[A-Za-zäöüß0-9"'&<>.\-_🦊]([A-Za-zäöüß0-9"'&<> .\-_🦊]{0,60}[A-Za-zäöüß0-9])?$/u),
    version: fc.integer({ min: 1 }),
    state: fc.constantFrom(...profileStates),
    destination: fc.record({
      type: fc.constantFrom('SqlAzure', 'PostgreSql'),
      keyVaultUri: text(
        /^https:\/\/[a-z][a-z0-9]{2,20}\.vault\.azure\.net(:443)?\/secrets\/[a-zA-Z0-9-]{1,30}(\/[0-9a-f]{32})?\/?$/,
      ),
      schema: text(/^[A-Za-z][A-Za-z0-9_]{0,40}$/),
      prefix: text(/^[A-Za-z0-9_]{0,14}$/),
    }),
    tables: fc
      .tuple(tableNames, fc.array(settings, { minLength: 5, maxLength: 5 }))
      .map(([names, bags]) => names.map((name, index) => ({ name, settings: bags[index] ?? {} }))),
    retryPolicy: fc.record({
      maxRetryCount: fc.integer({ min: 0, max: 20 }),
      intervalSeconds: fc.integer({ min: 0, max: 3600 }),
    }),
    writeDeleteLog: fc.boolean(),
  })
  .map((members) => ({
    ...members,
    organizationUrl: organization.url,
    activation: 1,
    createdAt: '2026-11-23T10:00:00.000Z',
    lastModifiedAt: '2026-11-23T10:00:00.000Z',
    activatedAt: '2026-11-23T10:00:00.000Z',
    updatedAt: '2026-11-23T10:00:00.000Z',
  }));

const describedBy = ({
  organizationId,
  name,
  destination,
  tables,
  retryPolicy,
  writeDeleteLog,
}: Profile) => ({
  ...{ organizationId, name, destination, tables, retryPolicy, writeDeleteLog },
});

/** One of several spellings, chosen by a number that shrinks to the plain one. */
const spellings = <Value>(choice: number, ...forms: Value[]): Value => forms[choice % forms.length] as Value;
const cased = (word: string, choice: number) =>
  spellings(
    choice,
    word,
    word.toLowerCase(),
    word.toUpperCase(),
    word.replace(/./g, (letter, at) => (at % 2 ? letter.toUpperCase() : letter.toLowerCase())),
  );

/** The same document as another client would write it; nothing that is meant changes. */
function respelled(details: Record<string, unknown>, choices: readonly number[]): Record<string, unknown> {
  let at = 0;
  const next = () => choices[at++ % choices.length] ?? 0;
  const bag = (value: object): [string, unknown][] => Object.entries(value);
  const withNames = (members: [string, unknown][]) => {
    const renamed = members.map(([name, value]): [string, unknown] => [cased(name, next()), value]);
    const odd = spellings<[string, unknown][]>(
      next(),
      [],
      [['Unknown', [{}]]],
      [['Object', { a: {} }]],
      [['LogicalName', null]],
    );
    return Object.fromEntries(spellings(next(), [...renamed, ...odd], [...odd, ...renamed].reverse()));
  };
  const spelled: Record<string, (value: never) => unknown> = {
    OrganizationId: (id: string) => spellings(next(), id, id.toUpperCase(), ` ${id} `),
    DestinationType: (type: string) =>
      type === 'SqlAzure'
        ? spellings<unknown>(next(), cased(type, next()), 'sqlserver', 1, '2', 0)
        : cased(type, next()),
    Name: (name: string) => spellings(next(), name, ` ${name}\t`),
    WriteDeleteLog: (isOn: boolean) =>
      spellings<unknown>(next(), isOn, String(isOn), isOn ? 'TRUE' : 'False'),
    RetryPolicy: ({
      MaxRetryCount,
      IntervalInSeconds,
    }: {
      MaxRetryCount: number;
      IntervalInSeconds: number;
    }) =>
      withNames([
        ['MaxRetryCount', spellings<unknown>(next(), MaxRetryCount, String(MaxRetryCount))],
        ['IntervalInSeconds', spellings<unknown>(next(), IntervalInSeconds, ` ${IntervalInSeconds}`)],
        ['Backoff', spellings<unknown>(next(), 0, '0', cased('Simple', next()), null)],
      ]),
    Entities: (entities: { Type: string; Settings: object }[]) =>
      entities.map((entity) =>
        withNames(
          bag(entity).map(([name, value]): [string, unknown] => {
            if (name === 'Type') return [name, cased(String(value), next())];
            if (name !== 'Settings' || bag(value as object).length > 0) return [name, value];
            return [name, spellings<unknown>(next(), {}, null)];
          }),
        ),
      ),
  };
  return withNames(bag(details).map(([name, value]) => [name, spelled[name]?.(value as never) ?? value]));
}

const choices = fc.array(fc.nat(60), { minLength: 1, maxLength: 40 });
const sent = (one: Profile) =>
  JSON.parse(JSON.stringify(profileDetails(one, [newSyncState(one.id, one.tables[0]?.name ?? '', 1, '')])));

describe('a profile that is sent out', () => {
  test('is read back as the same description, whatever it is', () => {
    fc.assert(
      fc.property(profile, (one) => {
        expect(readProfileDescription(sent(one), secrets)).toEqual({
          description: describedBy(one),
          problems: [],
        });
        expect(readProfileDocument(sent(one), one.id, secrets)).toEqual({
          description: describedBy(one),
          problems: [],
          version: String(one.version),
        });
      }),
    );
  });

  test('has the same members in a list', () => {
    fc.assert(
      fc.property(profile, (one) => {
        expect(JSON.parse(profileText(one))).toEqual(JSON.parse(JSON.stringify(profileDetails(one))));
      }),
    );
  });

  test('means the same however a client spells it', () => {
    fc.assert(
      fc.property(profile, choices, (one, chosen) => {
        const { description, problems } = readProfileDescription(respelled(sent(one), chosen), secrets);
        expect([problems, description]).toEqual([[], describedBy(one)]);
      }),
      { numRuns: 500 },
    );
  });
});

const pasted = 'Server=tcp:db.example,1433;User ID=sa;Password=hunter2-hunter2;';

/** What breaks each member's rule. */
const broken: Readonly<Record<string, readonly unknown[]>> = {
  Name: [7, '', 'x'.repeat(201), 'a\u0000b', '\ud800', '\u200b', {}, false],
  OrganizationId: [
    'https://sa:hunter2-hunter2@contoso.example',
    'contoso',
    7,
    '',
    [],
    '{22222222-2222-4222-8222-222222222222}',
  ],
  DestinationType: [pasted, 4, 'Adls', [], {}, true, '', '__proto__'],
  DestinationKeyVaultUri: [
    ...['', 7, 'https://elsewhere.example/secrets/x', pasted, `https://${pasted}/secrets/x`],
    ...[
      `https://sa:hunter2-hunter2@v.vault.azure.net/secrets/x`,
      `https://v.vault.azure.net/secrets/x?${pasted}`,
    ],
    ...[`https://${'x'.repeat(100_000)}/secrets/x`, `https://x:${'7'.repeat(100_000)}/secrets/x`],
  ],
  DestinationSchemaName: [
    pasted,
    'https://sa:hunter2-hunter2@db.example',
    '1dbo',
    'a b',
    'x'.repeat(200_000),
    {},
    7,
  ],
  DestinationPrefix: ['x'.repeat(15), 'ä', 'x'.repeat(200_000), [], 7],
  Entities: [
    ...[
      'account',
      {},
      [],
      [[]],
      [{ Type: 'x y' }],
      [{ Type: 'a' }, { Type: 'A' }],
      [{ Type: 'a', Settings: [1] }],
    ],
    ...[[{ Type: 'a', Settings: { b: {} } }], [{ Type: 'a', Settings: { b: { toString: 1, valueOf: 1 } } }]],
    [{ Type: 'a', Settings: JSON.parse('{"__proto__":"x"}') }],
    [{ Type: 'a', Settings: { b: 'x'.repeat(200_000) } }],
    Array.from({ length: 40_000 }, (_, index) => ({ Type: `table${index % 10_000}` })),
  ],
  RetryPolicy: [
    { MaxRetryCount: pasted, Backoff: pasted },
    7,
    [],
    'x',
    ...[21, -1, 0.5, 'x', {}, 1e300].map((MaxRetryCount) => ({ MaxRetryCount })),
    { Backoff: 'Exponential' },
  ],
  WriteDeleteLog: [1, 'perhaps', {}, []],
};

describe('a description that is wrong', () => {
  const good = fc.sample(profile, { numRuns: 1, seed: 1 })[0] as Profile;
  const membersBroken = fc
    .subarray(Object.keys(broken), { minLength: 1 })
    .chain((names) =>
      fc.tuple(
        ...names.map((name) =>
          fc.constantFrom(...(broken[name] ?? [])).map((value) => [name, value] as const),
        ),
      ),
    );

  test('every wrong member is told, no right one, and never what a member holds as a secret or at length', () => {
    fc.assert(
      fc.property(membersBroken, (changes) => {
        const { description, problems } = readProfileDescription(
          { ...sent(good), ...Object.fromEntries(changes) },
          secrets,
        );
        const named = new Set(problems.map(({ member }) => /^[A-Za-z]+/.exec(member)?.[0]));
        expect([...named].sort()).toEqual(changes.map(([name]) => name).sort());
        // Other systems are asked for the rest, so nothing else may be in it.
        const names = description.tables.map(({ name }) => name);
        for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
        expect(new Set(names).size).toBe(names.length);
        for (const problem of sentencesOf(problems).slice(0, 100)) {
          expect(problem).not.toContain('hunter2');
          expect(problem.length).toBeLessThan(3500);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('what is no object is told once, and not again for each member that it does not have', () => {
    const body = { ...sent(good), RetryPolicy: 'x', Entities: [{ Type: 'account' }, 5, ['contact']] };
    expect(sentencesOf(readProfileDescription(body, secrets).problems)).toEqual([
      'Entities[1] must be an object, received a number',
      'Entities[2] must be an object, received a list',
      'RetryPolicy must be an object, received a string',
    ]);
    for (const read of [readProfileDescription([], secrets), readProfileDocument([], good.id, secrets)])
      expect(sentencesOf(read.problems)).toEqual(['The body must be an object, received a list']);
  });

  test('no JSON makes reading throw, not even one of half characters, deep or with names of every object', () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.anything({ values: [fc.string({ unit: 'binary' })], withNullPrototype: false }),
    );
    const odd = fc.record(
      Object.fromEntries([...Object.keys(broken), '__proto__', 'constructor'].map((name) => [name, value])),
      { requiredKeys: [], noNullPrototype: true },
    );
    fc.assert(
      fc.property(fc.oneof(value, odd), (body) => {
        for (const { problems } of [
          readProfileDescription(body, secrets),
          readProfileDocument(body, good.id, secrets),
        ]) {
          expect(problems.length).toBeGreaterThan(0);
          for (const { member, sentence } of problems)
            expect(sentence.startsWith(`${member || 'The body'} `)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
