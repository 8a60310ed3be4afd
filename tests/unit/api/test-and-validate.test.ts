import { describe, expect, test, vi } from 'vitest';
import { definitionReads } from '../../../shared/api/definition-reads.ts';
import { profilesCreate } from '../../../shared/api/profiles-create.ts';
import { profilesTest } from '../../../shared/api/profiles-test.ts';
import { profilesValidate } from '../../../shared/api/profiles-validate.ts';
import { ServiceError } from '../../../shared/errors.ts';
import type { Profile } from '../../../shared/model/profile.ts';
import type { Dataverse } from '../../../shared/ports/dataverse.ts';
import { deploying, description, errorOf, request, type Stub, stubPorts } from './stub-ports.ts';

const validated = (stub: Stub, change: object = {}) =>
  profilesValidate(request({ body: { ...description, ...change } }), stub.ports);

async function tested(stub: Stub): Promise<string> {
  const { Id } = await profilesCreate(request({ body: description }), stub.ports);
  return profilesTest(request({ id: String(Id) }), stub.ports);
}

describe.each([
  ['validate', validated],
  ['test', tested],
])('%s', (_, run) => {
  test('a profile that passes gets a report in lines', async () => {
    const report = await run(stubPorts());
    expect(report.split('\n')[0]).toBe('Profile "Sales" passed.');
    expect(report).toContain('\nok: Connected.');
  });

  test('a finding that stands in the way fails, and the report is in the message, worst first', async () => {
    const stub = stubPorts();
    stub.findings = [
      { severity: 'ok', message: 'Connected.' },
      { severity: 'warning', message: 'The disk is small.' },
      { severity: 'error', code: 'DESTINATION_PERMISSION_MISSING', message: 'No right to create tables.' },
    ];
    const error = await errorOf(run(stub));
    expect(error.code).toBe('PROFILE_TEST_FAILED');
    expect(error.message).toMatch(
      /^Cannot use profile "Sales": 1 of \d checks failed\.\nerror: No right.*\(DESTINATION_PERMISSION_MISSING\)\n {2}Cure: Grant .*\nwarning: .*\nok: /,
    );
    expect(error.parameters).toHaveLength(1);
  });

  test('a warning alone does not fail', async () => {
    const stub = stubPorts();
    stub.findings = [{ severity: 'warning', message: 'The disk is small.' }];
    await expect(run(stub)).resolves.toContain('warning: The disk is small.');
  });

  test.each(['SECRET_TAG_MISSING', 'SECRET_VALUE_INVALID', 'DESTINATION_LOGIN_FAILED'] as const)(
    '%s is a finding with its cure',
    async (code) => {
      const stub = stubPorts();
      stub.destinationError = new ServiceError(code, 'Cannot open it.');
      const error = await errorOf(run(stub));
      expect(error.code).toBe('PROFILE_TEST_FAILED');
      expect(error.message).toMatch(new RegExp(`error: Cannot open it\\. \\(${code}\\)\n {2}Cure: \\w`));
    },
  );

  test('a defect is not disguised as a finding', async () => {
    const stub = stubPorts();
    stub.destinationError = new TypeError('x is not a function');
    await expect(run(stub)).rejects.toThrow(TypeError);
  });
});

test('validate stores nothing and starts nothing', async () => {
  const stub = stubPorts();
  await validated(stub);
  expect(stub.calls).toEqual([]);
});

test('validate refuses what create refuses, with the same code', async () => {
  const stub = stubPorts();
  await profilesCreate(request({ body: description }), stub.ports);
  const cases: [object, string][] = [
    [{ DestinationPrefix: 'p' }, 'PROFILE_NAME_TAKEN'],
    [{ Name: '' }, 'PROFILE_INVALID'],
    [{ Name: 'B', DestinationPrefix: 'b', Entities: [{ Type: 'nowhere' }] }, 'TABLE_UNKNOWN'],
    [
      { Name: 'C', DestinationPrefix: 'c', Entities: [{ Type: 'nowhere' }, { Type: 'untracked' }] },
      'PROFILE_INVALID',
    ],
  ];
  for (const [change, code] of cases) {
    const body = { ...description, ...change };
    expect((await errorOf(profilesCreate(request({ body }), stub.ports))).code).toBe(code);
    expect((await errorOf(validated(stub, change))).code).toBe(code);
  }
});

test('validate tells everything at once: the description, the source and the destination', async () => {
  const stub = stubPorts();
  stub.unreadable.add('account');
  stub.destinationError = new ServiceError('SECRET_NOT_FOUND', 'Cannot read the secret.');
  const error = await errorOf(
    validated(stub, {
      Name: '',
      Entities: [{ Type: 'account' }, { Type: 'nowhere' }, { Type: 'untracked' }],
    }),
  );
  expect(error.code).toBe('PROFILE_TEST_FAILED');
  for (const found of [
    'Name is missing. (PROFILE_INVALID)',
    'table "nowhere" does not exist in the organization. (TABLE_UNKNOWN)',
    'table "untracked" has no change tracking',
    'Cannot read every row of "account"',
    'Cannot read the secret. (SECRET_NOT_FOUND)',
  ])
    expect(error.message).toContain(found);
  expect(error.message).toMatch(/^Cannot use profile without a name: 5 of 5 checks failed\./);
});

test('validate leaves the vault alone when the description of the destination is wrong', async () => {
  const stub = stubPorts();
  stub.destinationError = new Error('must not be called');
  const error = await errorOf(
    validated(stub, { DestinationKeyVaultUri: 'http://x', Entities: [{ Type: 'nowhere' }] }),
  );
  expect(error.message).toMatch(/DestinationKeyVaultUri is not an allowed address.*\n[\s\S]*TABLE_UNKNOWN/);
});

test('validate warns of a relationship that cannot be followed', async () => {
  const report = await validated(stubPorts(), { Entities: [{ Type: 'SystemUserManagerMap' }] });
  expect(report).toContain('warning: table "systemusermanagermap" has no change tracking');
});

test('test finds a table that lost its change tracking since', async () => {
  const stub = stubPorts();
  const { Id } = await profilesCreate(request({ body: description }), stub.ports);
  const id = String(Id);
  const profile = stub.profiles.get(id);
  if (profile) stub.profiles.set(id, { ...profile, tables: [{ name: 'untracked', settings: {} }] });
  expect((await errorOf(profilesTest(request({ id }), stub.ports))).message).toContain(
    'error: table "untracked" has no change tracking. (DATAVERSE_TRACKING_OFF)',
  );
});

describe('what test finds at the source', () => {
  test('a table whose rows the app may not all read', async () => {
    const stub = stubPorts();
    stub.unreadable.add('contact');
    expect((await errorOf(tested(stub))).message).toContain(
      'error: Cannot read every row of "contact": the app\'s application user lacks read over the whole organization. (DATAVERSE_PRIVILEGE_MISSING)',
    );
  });

  test('an organization that cannot be reached, once, and the destination all the same', async () => {
    const stub = stubPorts();
    const { Id } = await profilesCreate(request({ body: description }), stub.ports);
    stub.dataverseError = new ServiceError('DATAVERSE_UNREACHABLE', 'Cannot reach it.');
    const asked = request({ id: String(Id), caller: deploying });
    const { message } = await errorOf(profilesTest(asked, stub.ports));
    expect(message).toMatch(
      /1 of 3 checks failed\.\nerror: Cannot reach it\. \(DATAVERSE_UNREACHABLE\)\n[\s\S]*ok: Connected\./,
    );
    expect(stub.tested.map(({ name, columns }) => [name, columns.length])).toEqual([
      ['account', 0],
      ['contact', 0],
    ]);
  });

  test('what source and destination both need and neither gets, once', async () => {
    const stub = stubPorts();
    const { Id } = await profilesCreate(request({ body: description }), stub.ports);
    stub.dataverseError = new ServiceError('DATAVERSE_UNREACHABLE', 'Cannot reach it.');
    stub.destinationError = stub.dataverseError;
    const asked = request({ id: String(Id), caller: deploying });
    expect((await errorOf(profilesTest(asked, stub.ports))).message).toContain('1 of 1 checks failed');
  });

  test('terms that nobody has accepted, where they are required', async () => {
    const stub = stubPorts();
    const { Id } = await profilesCreate(request({ body: description }), stub.ports);
    const asked = request({ id: String(Id) });
    expect(await profilesTest(asked, stub.ports)).toContain('passed.');
    const ports = { ...stub.ports, arePrivacyTermsRequired: true };
    const { message } = await errorOf(profilesTest(asked, ports));
    expect(message).toContain('PRIVACY_TERMS_NOT_ACCEPTED');
    expect(message).toContain('ok: Connected.');
  });
});

describe('what test finds at the destination', () => {
  const otherId = '99999999-9999-4999-8999-999999999999';
  async function testedBeside(other: Partial<Profile> | undefined) {
    const stub = stubPorts();
    const { Id } = await profilesCreate(request({ body: description }), stub.ports);
    const own = stub.profiles.get(String(Id)) as Profile;
    const tables = [{ name: 'account', settings: {} }];
    stub.profiles.set(own.id, { ...own, state: 'active' });
    if (other)
      stub.profiles.set(otherId, { ...own, id: otherId, name: 'Other', state: 'active', tables, ...other });
    stub.owners = new Map([
      ['account', otherId],
      ['contact', own.id],
    ]);
    return profilesTest(request({ id: own.id }), stub.ports);
  }

  test('a table that another active profile fills is named with that profile', async () => {
    const { message } = await errorOf(testedBeside({}));
    expect(message).toContain(
      'error: Cannot fill "account": profile "Other" fills the same tables of this database; another schema or prefix is needed. (DESTINATION_TABLE_CONFLICT)',
    );
    expect(message).not.toContain('contact":');
  });

  test("of another organization's profile no name is told", async () => {
    const { message } = await errorOf(testedBeside({ organizationId: otherId }));
    expect(message).toContain('Cannot fill "account": a profile of another organization fills');
    expect(message).not.toMatch(/Other|9999/);
  });

  test('a table that a profile filled of which nothing is known is told, since another deployment may have it', async () => {
    expect(await testedBeside(undefined)).toContain(
      'warning: "account" will be taken over and loaded anew: the profile that filled',
    );
  });

  test.each([
    ['is not active', { state: 'inactive' }],
    ['was deleted', { state: 'deleted' }],
    ['does not export the table any more', { tables: [{ name: 'contact', settings: {} }] }],
  ] as const)("a profile that %s stands in nobody's way", async (_, other) => {
    expect(await testedBeside(other as Partial<Profile>)).toContain('passed.');
  });

  test('the tables as they are to be, and the secret afresh', async () => {
    const stub = stubPorts();
    await validated(stub);
    const columns = stub.tested.map(({ name, columns: all }) => [name, all.map((column) => column.name)]);
    expect(columns).toEqual([
      ['account', ['accountid', 'name', 'importsequencenumber', 'versionnumber']],
      ['contact', ['contactid', 'name', 'importsequencenumber', 'versionnumber']],
    ]);
    expect(stub.openedWith).toEqual([{ isFresh: true }]);
  });
});

describe('a test that takes too long', () => {
  const never = () => new Promise<never>(() => undefined);

  /** Runs the test until only time can end it, and lets time pass. */
  async function timedOut(stub: Stub, isOver: (milliseconds: number) => boolean) {
    const { Id } = await profilesCreate(request({ body: description }), stub.ports);
    const limits: [number, AbortController][] = [];
    stub.signalAfter = (milliseconds) => {
      const controller = new AbortController();
      limits.push([milliseconds, controller]);
      return controller.signal;
    };
    const outcome = profilesTest(request({ id: String(Id) }), stub.ports).catch((error: unknown) => error);
    await vi.waitFor(() => expect(limits.length).toBe(2), 10_000);
    for (const [milliseconds, controller] of limits) if (isOver(milliseconds)) controller.abort();
    return outcome;
  }

  test('says what was not finished, and tells the rest', async () => {
    const stub = stubPorts();
    stub.ports.destinations.open = never;
    const error = (await timedOut(stub, () => true)) as ServiceError;
    expect(error.message).toMatch(
      /error: Cannot read the secret and open the destination: it was not finished when the 30 seconds of a test were over\. \(PROFILE_TEST_UNFINISHED\)[\s\S]*ok: Dataverse was reached/,
    );
  });

  test('begins nothing after its time', async () => {
    const stub = stubPorts();
    stub.signalAfter = () => AbortSignal.abort();
    stub.ports.destinations.open = () => expect.unreachable();
    expect((await errorOf(validated(stub))).message).toContain(
      'Cannot find the organization: it was not finished',
    );
  });

  test('because of definitions tests the tables whose definition was read, and of the others the names', async () => {
    const stub = stubPorts();
    const read = stub.ports.definitions.read;
    stub.ports.definitions.read = (from, name, signal) =>
      name === 'contact' ? never() : read(from, name, signal);
    const report = await timedOut(stub, (milliseconds) => milliseconds < 30_000);
    expect(report).toMatch(
      /^Profile "Sales" passed, with 1 warning\.\nwarning: .* 1 of 2 definitions were not read/,
    );
    expect(stub.tested.map(({ columns }) => columns.length)).toEqual([4, 0]);
  });
});

test('definitions are read a few at a time, each once for all who ask, and not any more when nobody waits', async () => {
  let running = 0;
  let most = 0;
  const asked: string[] = [];
  const dataverse = {
    tableDefinition: async (name: string) => {
      asked.push(name);
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return { logicalName: name };
    },
  } as unknown as Dataverse;
  const reads = definitionReads(3);
  const names = Array.from({ length: 20 }, (_, index) => `table${index}`);
  const { signal } = new AbortController();
  const gone = new AbortController();
  const readAll = (by: AbortSignal, all = names) => all.map((name) => reads.read(dataverse, name, by));
  const both = [...readAll(signal), ...readAll(signal)];
  const unwanted = Promise.allSettled(readAll(gone.signal, ['nobody', 'somebody']));
  const wanted = readAll(signal, ['somebody']);
  gone.abort();
  await Promise.all([...both, ...wanted]);
  expect((await unwanted).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  expect(asked).toEqual([...names, 'somebody']);
  await Promise.all(readAll(signal));
  expect(most).toBe(3);
});
