import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { automationRequests } from '../../../shared/automation/requests/automation-requests.ts';
import type { Caller } from '../../../shared/model/caller.ts';
import type { HealthFinding } from '../../../shared/model/health-finding.ts';
import type { Operation } from '../../../shared/model/operation.ts';
import { aFinding } from '../../contracts/health-findings.ts';
import { anOperation } from '../../contracts/operations.ts';
import { fakeOrganizations } from '../../fakes/fake-dataverse.ts';
import { fakeHealthFindings } from '../../fakes/fake-health-findings.ts';
import { operationsWorld } from './operations-world.ts';
import { organization, profileId } from './small-world.ts';

const other = { ...organization, id: 'bbbbbbbb-0000-4000-8000-000000000000', url: 'https://other.example' };
const administrator: Caller = { kind: 'user', objectId: profileId, tenantId: organization.tenantId };

/** The use cases for an administrator of the first of two organizations. */
function requests() {
  const world = operationsWorld();
  const dataverseOf = (isAdministrator: boolean) => ({
    ...world.source.dataverse,
    isSystemAdministrator: async () => isAdministrator,
  });
  const organizations = fakeOrganizations([
    { organization, dataverse: dataverseOf(true) },
    { organization: other, dataverse: dataverseOf(false) },
  ]);
  const findings = fakeHealthFindings();
  const of = automationRequests({ ...world.ports, organizations, findings, templates: {} });
  const list = async (name: 'findings-list' | 'operations-list', query: Record<string, string>) => {
    const { body } = await of[name]({ caller: administrator, query });
    return body as { items: { id: string }[]; continuation?: string };
  };
  return { world, of, findings, list };
}

/** All items and all continuations of a list. */
async function pagesOf(list: (continuation?: string) => ReturnType<ReturnType<typeof requests>['list']>) {
  const ids: string[] = [];
  const continuations: string[] = [];
  do {
    const page = await list(continuations.at(-1));
    ids.push(...page.items.map(({ id }) => id));
    if (page.continuation === undefined) return { ids, continuations };
    continuations.push(page.continuation);
  } while (continuations.length < 100);
  throw new Error('The list does not end.');
}

test('findings of another organization are not listed, and no continuation names one', async () => {
  const { findings, list } = requests();
  const put = (finding: HealthFinding) => findings.update(finding.id, () => finding);
  for (let i = 0; i < 50; i++)
    await put(aFinding({ organizationId: other.id, openedAt: `2026-11-24T10:00:${10 + i}.000Z` }));
  const own = [1, 2].map(() => aFinding({ organizationId: organization.id }));
  for (const finding of own) await put(finding);
  const { ids, continuations } = await pagesOf((continuation) =>
    list('findings-list', { limit: '1', ...(continuation && { continuation }) }),
  );
  expect(ids.sort()).toEqual(own.map(({ id }) => id).sort());
  expect(continuations).toHaveLength(1);
  expect(ids).toContain(
    Buffer.from(continuations[0] ?? '', 'base64url')
      .toString()
      .split('|')[1],
  );
});

test('operations of another organization are not listed, and no continuation names one', async () => {
  const { world, list } = requests();
  const add = async (second: number, organizationId: string) => {
    const operation = anOperation(new Date(Date.UTC(2026, 10, 1, 0, 0, second)), { organizationId });
    await world.stored.add(operation);
    return operation.id;
  };
  const own = [await add(0, organization.id)];
  for (let second = 1; second < 2500; second++) await add(second, other.id);
  own.push(await add(2500, organization.id), await add(2501, organization.id));
  const { ids, continuations } = await pagesOf((continuation) =>
    list('operations-list', { limit: '2', ...(continuation && { continuation }) }),
  );
  expect(ids).toEqual(own.reverse());
  expect(continuations.length).toBeGreaterThan(1);
  for (const continuation of continuations)
    expect(continuation.length === 13 || ids.includes(continuation)).toBe(true);
});

test('an operation stays readable for the organization when its profile is gone, and for no other', async () => {
  const { of, world } = requests();
  const { body } = await of['profiles-deactivate']({ caller: administrator, query: {}, id: profileId });
  const { id } = body as Operation;
  world.setProfiles([]);
  const get = (each: string) => of['operations-get']({ caller: administrator, query: {}, id: each });
  expect(await get(id)).toMatchObject({ body: { id, organizationId: organization.id } });
  const strange = anOperation(new Date(), { organizationId: other.id });
  await world.stored.add(strange);
  await expect(get(strange.id)).rejects.toMatchObject({ code: 'OPERATION_NOT_FOUND' });
  await expect(get(anOperation(new Date()).id)).rejects.toMatchObject({ code: 'OPERATION_NOT_FOUND' });
});

test('a continuation of another list is refused', async () => {
  const { of, list } = requests();
  await expect(list('operations-list', { continuation: 'zzzz' })).rejects.toMatchObject({
    code: 'REQUEST_INVALID',
    parameters: ['continuation'],
  });
  const continuation = Buffer.from(`${randomUUID()} x`).toString('base64url');
  const failures = (query: Record<string, string>) => of['failures-list']({ caller: administrator, query });
  await expect(failures({ profileId, continuation })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  expect(await failures({ continuation })).toMatchObject({ status: 200 });
});
