import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Dataverse } from '../../shared/ports/dataverse.ts';
import { type SimulatedOrganization, simulatedOrganization } from './simulated-organization.ts';

let organization: SimulatedOrganization;
let source: Dataverse;

beforeAll(async () => {
  organization = await simulatedOrganization(400);
  source = organization.dataverse(37);
});
afterAll(() => organization.close());

test('the newest change of a table is its version and when it was', async () => {
  const before = await source.newestChange('contact');
  const { contactid } = await organization.call('POST', 'contacts', { lastname: 'Lovelace' });
  const made = await source.newestChange('contact');
  expect(BigInt(made?.version ?? 0)).toBeGreaterThan(BigInt(before?.version ?? 0));
  expect(Math.abs(Date.parse(made?.changedAt ?? '') - Date.now())).toBeLessThan(60_000);
  await organization.call('PATCH', `contacts(${contactid})`, { lastname: 'Byron' });
  const changed = await source.newestChange('contact');
  expect(BigInt(changed?.version ?? 0)).toBeGreaterThan(BigInt(made?.version ?? 0));
});

test('a table of a relationship does not tell when', async () => {
  expect(await source.newestChange('systemuserroles')).toEqual({ version: expect.stringMatching(/^\d+$/) });
});

test('the life of a delta token is a setting of the organization', async () => {
  expect(await source.deltaTokenDays()).toBe(7);
  const { id } = await source.organization();
  await organization.call('PATCH', `organizations(${id})`, { expirechangetrackingindays: 30 });
  expect(await source.deltaTokenDays()).toBe(30);
});

test('rows of many tables are counted by one request', async () => {
  const { tables } = await organization.simulator('GET', '');
  const names = Object.keys(tables).filter((name) => (tables[name]?.rows ?? 0) > 0);
  expect(Object.fromEntries(await source.rowCounts(names))).toEqual(
    Object.fromEntries(names.map((name) => [name, tables[name]?.rows])),
  );
});

test('a table that is not there has no count, and keeps nobody from theirs', async () => {
  const { tables } = await organization.simulator('GET', '');
  const counts = await source.rowCounts(['account', 'nowhere', 'contact']);
  expect(Object.fromEntries(counts)).toEqual({
    account: tables.account?.rows,
    contact: tables.contact?.rows,
  });
});
