import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startDataverse } from '../../local/dataverse/start-dataverse.ts';
import {
  errorOf,
  managedIdentityClientId,
  type SimulatedDataverse,
  simulatedDataverse,
  tenantId,
} from './simulated-dataverse.ts';

let dataverse: SimulatedDataverse;
beforeAll(async () => {
  dataverse = await simulatedDataverse(500);
});
afterAll(() => dataverse.close());

const objectId = 'aaaaaaaa-0000-4000-8000-0000000000d1';
const isAdministrator = '_roletemplateid_value eq 627090ff-40a3-4053-8790-584edc5be201';

async function namesOf(set: string, name: string, filter: string): Promise<unknown[]> {
  const { body, text } = await dataverse.call(`${set}?$select=${name}&$filter=${filter}`);
  if (!body.value) throw new Error(text);
  return body.value.map((row) => row[name]);
}

test('rows are selected by what is related to them over a many-to-many relationship', async () => {
  const administrators = `systemuserroles_association/any(r:r/${isAdministrator})`;
  expect(await namesOf('systemusers', 'fullname', administrators)).toEqual(['Alex Admin']);
  const [robin] = await namesOf('systemusers', 'systemuserid', "fullname eq 'Robin Reader'");
  const ofRobin = `teammembership_association/any(u: u/systemuserid eq ${robin})`;
  const teams = await namesOf('teams', 'name', ofRobin);
  expect(teams).toEqual(['Contoso']);
  const salesTeams = `teamroles_association/any(r:r/name eq 'Salesperson' and contains(r/name,'ales'))`;
  expect(await namesOf('teams', 'name', `${ofRobin} and ${salesTeams}`)).toEqual(['Contoso']);
  expect(await namesOf('teams', 'name', `${ofRobin} and not ${salesTeams}`)).toEqual([]);
  const nested = `teamroles_association/any(t:t/teammembership_association/any(u:u/systemuserid eq ${robin}))`;
  expect(await namesOf('roles', 'name', nested)).toEqual(['Salesperson']);
});

test.each([
  ['no_such_association/any(r:r/name eq 1)', 'no_such_association'],
  ["teamroles_association/any(r:r/nosuch eq 'x')", 'nosuch'],
  ["teamroles_association/any(r:name eq 'x')", 'Syntax error'],
  ["teamroles_association/any(r:r/name eq 'x'", 'Syntax error'],
])('the wrong filter %s is refused', async (filter, part) => {
  const answered = await dataverse.call(`teams?$select=name&$filter=${filter}`);
  expect([answered.status, errorOf(answered).message]).toEqual([400, expect.stringContaining(part)]);
});

test('a member gets a role of their own or by a team, loses it and is disabled', async () => {
  const change = (facts: object) => dataverse.simulator('POST', '/members', { objectId, ...facts });
  const [own, byTeam] = [
    () => namesOf('systemusers', 'domainname', `systemuserroles_association/any(r:r/${isAdministrator})`),
    () =>
      namesOf(
        'teams',
        'name',
        `teammembership_association/any(u:u/systemuserid eq e${objectId.slice(1)}) and teamroles_association/any(r:r/${isAdministrator})`,
      ),
  ];
  const isEnabled = async () =>
    (
      await namesOf(
        'systemusers',
        'fullname',
        `azureactivedirectoryobjectid eq ${objectId} and isdisabled eq false`,
      )
    ).length;
  const states = [
    [{ role: 'administrator' }, 2, 0, 1],
    [{ role: 'administrator', from: 'team' }, 1, 1, 1],
    [{ role: 'salesperson' }, 1, 0, 1],
    [{ role: 'administrator', isDisabled: true }, 2, 0, 0],
  ] as const;
  for (const [facts, owners, teams, enabled] of states) {
    expect((await change(facts)).status).toBe(200);
    expect([(await own()).length, (await byTeam()).length, await isEnabled()]).toEqual([
      owners,
      teams,
      enabled,
    ]);
  }
  expect((await change({ role: 'king' })).status).toBe(400);
});

test('another organization has its own id, name and people', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dataverse-other-'));
  const id = 'bbbbbbbb-0000-4000-8000-000000000001';
  const other = await startDataverse({
    port: 0,
    file: join(folder, 'organization.db'),
    entraUrl: dataverse.entraUrl,
    tenantId,
    managedIdentityClientId,
    rows: 300,
    organization: {
      id,
      name: 'Northwind',
      people: [{ objectId, name: 'Nora North', role: 'administrator' }],
    },
  });
  try {
    const call = async (path: string, claims: Record<string, unknown>) => {
      const authorization = `Bearer ${await dataverse.token({ aud: other.url, ...claims })}`;
      const response = await fetch(`${other.url}/api/data/v9.2/${path}`, { headers: { authorization } });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    const parameter = "AccessType=@p1)?@p1=Microsoft.Dynamics.CRM.EndpointAccessType'Default'";
    const { body } = await call(`RetrieveCurrentOrganization(${parameter}`, { oid: objectId });
    expect(body.Detail).toMatchObject({ OrganizationId: id, FriendlyName: 'Northwind', TenantId: tenantId });
    expect((await call('WhoAmI', { oid: objectId })).body).toMatchObject({ OrganizationId: id });
    expect((await call('WhoAmI', { oid: 'aaaaaaaa-0000-4000-8000-000000000001' })).status).toBe(403);
    expect((await call('WhoAmI', { appid: managedIdentityClientId })).status).toBe(200);
  } finally {
    await other.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
