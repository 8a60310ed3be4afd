import { describe, expect, test } from 'vitest';
import { profilesCreate } from '../../../shared/api/profiles-create.ts';
import { profilesTest } from '../../../shared/api/profiles-test.ts';
import { profilesValidate } from '../../../shared/api/profiles-validate.ts';
import { ServiceError } from '../../../shared/errors.ts';
import { description, errorOf, request, type Stub, stubPorts } from './stub-ports.ts';

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
      /^Cannot use profile "Sales": 1 of \d checks failed\.\nerror: No right.*\(DESTINATION_PERMISSION_MISSING\)\nwarning: .*\nok: /,
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
      expect(error.message).toMatch(new RegExp(`error: Cannot open it\\. \\w.*\\(${code}\\)`));
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

test('validate refuses a name that is taken and a bad description before it asks the vault', async () => {
  const stub = stubPorts();
  await profilesCreate(request({ body: description }), stub.ports);
  stub.destinationError = new Error('must not be called');
  expect((await errorOf(validated(stub, { DestinationPrefix: 'p' }))).code).toBe('PROFILE_NAME_TAKEN');
  expect((await errorOf(validated(stub, { Name: '' }))).code).toBe('PROFILE_INVALID');
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
    'error: table "untracked" has no change tracking; turn it on for the table (DATAVERSE_TRACKING_OFF)',
  );
});
