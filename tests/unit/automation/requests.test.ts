import fc from 'fast-check';
import { expect, test } from 'vitest';
import { automationRequests } from '../../../shared/automation/requests/automation-requests.ts';
import { errorCodes } from '../../../shared/error-codes.ts';
import { ServiceError } from '../../../shared/errors.ts';
import { automationContract } from '../../../shared/model/automation-api/contract.ts';
import {
  type ProfileTemplates,
  profileFormSchema,
} from '../../../shared/model/automation-api/profile-form.ts';
import { readForm } from '../../../shared/model/automation-api/read-form.ts';
import type { Caller } from '../../../shared/model/caller.ts';
import { fakeOrganizations } from '../../fakes/fake-dataverse.ts';
import { operationsWorld } from './operations-world.ts';
import { organization, profileId } from './small-world.ts';

const system: Caller = {
  kind: 'application',
  clientId: organization.id,
  tenantId: organization.tenantId,
  roles: ['Automation.Operate'],
};
const templates: ProfileTemplates = {
  sales: { tables: ['account'], destination: { keyVaultUri: 'https://v/secrets/s', prefix: 's' } },
};

/** The use cases over the small world; `isAdministrator` says it of every user. */
function requests(isAdministrator = true) {
  const world = operationsWorld();
  const dataverse = { ...world.source.dataverse, isSystemAdministrator: async () => isAdministrator };
  const organizations = fakeOrganizations([{ organization, dataverse }]);
  const findings = { list: async () => ({ findings: [] }) };
  return { world, of: automationRequests({ ...world.ports, organizations, findings, templates }) };
}

const ask = { caller: system, query: {} };

test('a template gives what the form leaves out, part by part', async () => {
  const { of, world } = requests();
  const body = {
    template: 'sales',
    organization: organization.url,
    name: ' Sales ',
    destination: { prefix: 't' },
  };
  const answer = await of['profiles-create']({ ...ask, body });
  expect(answer).toMatchObject({
    status: 202,
    location: expect.stringMatching(/^\/automation\/operations\/\d{13}-/),
  });
  const id = answer.location?.split('/').at(-1) ?? '';
  expect(await world.settle(id)).toMatchObject({ state: 'succeeded' });
  expect(world.made[0]?.description).toMatchObject({
    ...{
      Name: 'Sales',
      OrganizationId: organization.id,
      DestinationPrefix: 't',
      DestinationSchemaName: 'dbo',
    },
    ...{ DestinationKeyVaultUri: 'https://v/secrets/s', Entities: [{ Type: 'account', Settings: {} }] },
  });
});

test('whatever is sent, the answer is a refusal that can be told, or an operation that was stored', async () => {
  const names = [
    'organization',
    'template',
    'name',
    'tables',
    'destination',
    'profileId',
    'state',
    'reason',
    'limit',
  ];
  const sensible = fc.constantFrom<unknown>(
    'sales',
    organization.id,
    profileId,
    ['account'],
    'waiting',
    5,
    null,
  );
  const anyBody = fc.option(
    fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom(...names), fc.oneof(sensible, fc.jsonValue()))),
    { nil: undefined },
  );
  const anyQuery = fc.dictionary(
    fc.constantFrom('profileid', 'limit', 'continuation', 'state', 'x'),
    fc.string(),
  );
  const anyRoute = fc.constantFrom(...automationContract.map(({ name }) => name));
  const { of, world } = requests();
  await fc.assert(
    fc.asyncProperty(anyRoute, anyBody, anyQuery, fc.string(), async (route, body, query, id) => {
      try {
        const answer = await of[route]({ caller: system, body, query, id, failureId: id });
        if (answer.status === 202) {
          const stored = await world.stored.get(answer.location?.split('/').at(-1) ?? '');
          expect(stored).toMatchObject({ state: 'accepted' });
        } else expect(answer.status).toBe(200);
        expect(() => JSON.stringify(answer.body)).not.toThrow();
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        expect([400, 404]).toContain(errorCodes[error.code].httpStatus);
        expect(error.message).toMatch(/^Cannot .+[.]$/s);
      }
    }),
    { numRuns: 2000 },
  );
});

test('every form that fits is read as it is, and of others every problem names its member', () => {
  const anyText = fc
    .string({ minLength: 1, maxLength: 128 })
    .filter((text) => text === text.trim() && text !== '');
  const anyForm = fc.record(
    {
      organization: anyText,
      name: anyText,
      tables: fc.array(anyText, { minLength: 1 }),
      writeDeleteLog: fc.boolean(),
      retryPolicy: fc.record({ maxRetryCount: fc.integer({ min: 0, max: 20 }) }, { requiredKeys: [] }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(anyForm, fc.constantFrom('name', 'tables', 'colour'), (form, member) => {
      expect(readForm(profileFormSchema, form)).toEqual({ form });
      const read = readForm(profileFormSchema, { ...form, [member]: 7, writeDeleteLog: 'yes' });
      const problems = 'problems' in read ? read.problems.join('; ') : '';
      expect(problems).toContain(member);
      expect(problems).toContain('writeDeleteLog must be of type boolean');
    }),
  );
});

test('who may use nothing is refused before anything is told', async () => {
  const { of } = requests(false);
  const user: Caller = { kind: 'user', objectId: profileId, tenantId: organization.tenantId };
  const none: Caller = { ...system, roles: [] };
  for (const caller of [user, none])
    for (const { name } of automationContract)
      await expect(
        of[name]({ caller, query: {}, id: profileId, failureId: 'x' }),
        name,
      ).rejects.toMatchObject({
        code: 'REQUEST_NOT_ALLOWED',
      });
});
