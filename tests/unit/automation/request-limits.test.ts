import { describe, expect, test } from 'vitest';
import { automationRequests } from '../../../shared/automation/requests/automation-requests.ts';
import { ServiceError } from '../../../shared/errors.ts';
import type { Caller } from '../../../shared/model/caller.ts';
import { fakeOrganizations } from '../../fakes/fake-dataverse.ts';
import { operationsWorld } from './operations-world.ts';
import { organization, profileId, rowId } from './small-world.ts';

const caller: Caller = {
  kind: 'application',
  clientId: organization.id,
  tenantId: organization.tenantId,
  roles: ['Automation.Operate'],
};

function requests() {
  const world = operationsWorld();
  const organizations = fakeOrganizations([{ organization, dataverse: world.source.dataverse }]);
  const findings = { list: async () => ({ findings: [] }) };
  const of = automationRequests({ ...world.ports, organizations, findings, templates: {} });
  const refusal = (name: keyof typeof of, body: unknown, query: Record<string, string> = {}) =>
    of[name]({ caller, query, body }).then(
      () => 'taken',
      (error: ServiceError) => `${error.code} ${error.message}`,
    );
  return { world, of, refusal };
}

const form = {
  organization: organization.url,
  name: 'Sales',
  tables: ['account'],
  destination: { keyVaultUri: 'https://v/secrets/s' },
};

describe('is refused with the name of the member:', () => {
  const long = (length: number) => 'x'.repeat(length);
  test.each([
    ['failures-retry', { profileId, table: long(129) }, 'table must have at most 128 characters'],
    [
      'failures-retry',
      { profileId, failureIds: [long(301)] },
      'failureIds.0 must have at most 300 characters',
    ],
    ['failures-ignore', { profileId, reason: '   ' }, 'reason must not be empty'],
    ['failures-retouch', { profileId, colour: 1 }, 'the body has unknown members: "colour"'],
    ['profiles-create', { ...form, tables: Array(1001).fill('a') }, 'tables must have at most 1000'],
    ['profiles-create', { ...form, tables: [long(129)] }, 'tables.0 must have at most 128 characters'],
    ['profiles-create', { ...form, name: long(301) }, 'name must have at most 300 characters'],
    [
      'profiles-create',
      { ...form, name: ' ', tables: [' '], destination: { keyVaultUri: ' ' } },
      'name must not be empty; tables.0 must not be empty; destination.keyVaultUri must not be empty.',
    ],
    ['profiles-create', { ...form, organization: ' ' }, 'the request: organization must not be empty.'],
  ] as const)('%s %o', async (name, body, message) => {
    const told = await requests().refusal(name, body);
    expect(told).toMatch(/^REQUEST_INVALID Cannot take the request: /);
    expect(told).toContain(message);
  });

  test('a query', async () => {
    const told = await requests().refusal('failures-list', undefined, { table: long(129) });
    expect(told).toContain('table must have at most 128 characters');
  });

  test('what fits member by member, and is too large for a record as a whole', async () => {
    const settings = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`s${i}`, long(1000)]));
    const told = await requests().refusal('profiles-create', {
      ...form,
      tables: [{ name: 'account', settings }],
    });
    expect(told).toMatch(/^REQUEST_INVALID Cannot take the request: it has \d{6} characters as JSON/);
  });
});

test('what the exporter says at any length is kept up to 4,000 characters', async () => {
  const { of, world } = requests();
  const { location = '' } = await of['profiles-create']({ caller, query: {}, body: form });
  world.refusals.push(new ServiceError('EXPORTER_REQUEST_REFUSED', 'x'.repeat(2_000_000)));
  const ended = await world.settle(location.split('/').at(-1) ?? '');
  expect(ended).toMatchObject({ state: 'failed', message: 'x'.repeat(4000) });
});

test('a list leaves out what may be long, which the operation has', async () => {
  const { of } = requests();
  const ask = { caller, query: {} };
  const { location = '' } = await of['profiles-create']({ ...ask, body: form });
  await of['failures-retry']({ ...ask, body: { profileId, table: 'account', recordIds: [rowId(1)] } });
  const { items } = (await of['operations-list'](ask)).body as { items: { request: object }[] };
  const listed = items.map(({ request }) => JSON.parse(JSON.stringify(request)));
  expect(listed).toContainEqual({ kind: 'create-profile', organizationId: organization.id });
  expect(listed).toContainEqual({ kind: 'retry-failures', selection: { profileId, table: 'account' } });
  const whole = await of['operations-get']({ ...ask, id: location.split('/').at(-1) ?? '' });
  expect(whole.body).toMatchObject({ request: { description: { Name: 'Sales' } } });
});

test('a dry run counts what would be done, not what is on its way', async () => {
  const { of, world } = requests();
  const states = ['needs-attention', 'waiting', 'retouching', 'ignored'] as const;
  for (const [row, state] of states.entries()) await world.failed(row, state);
  world.pass(1);
  const dry = async (name: 'failures-retry' | 'failures-retouch', more = {}) =>
    (await of[name]({ caller, query: {}, body: { profileId, dryRun: true, ...more } })).body;
  const two = { rows: 2, failures: 2, byState: { 'needs-attention': 1, waiting: 1 } };
  expect(await dry('failures-retry')).toMatchObject(two);
  expect(await dry('failures-retouch')).toMatchObject(two);
  expect(await dry('failures-retry', { state: 'retouching' })).toMatchObject({ rows: 0, byState: {} });
});
