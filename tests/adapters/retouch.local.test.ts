import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Row } from '../../shared/model/change.ts';
import type { Dataverse } from '../../shared/ports/dataverse.ts';
import { eventsOf, statesOf, type World } from '../unit/automation/refused-rows.ts';
import { smallWorld } from '../unit/automation/small-world.ts';
import { type SimulatedOrganization, simulatedOrganization } from './simulated-organization.ts';

let organization: SimulatedOrganization;
let source: Dataverse;

beforeAll(async () => {
  organization = await simulatedOrganization(50);
  await organization.simulator('POST', '/rows', { table: 'account', count: 40, seed: 2 });
  source = organization.dataverse(500);
});
afterAll(() => organization.close());
beforeEach(async () => {
  await organization.simulator('PATCH', '/switches', {
    noOpPatchBumpsVersion: true,
    bypassNeedsPrivilege: true,
  });
  await organization.simulator('DELETE', '/faults');
});

const patches = async () => {
  const { requests } = await organization.simulator('GET', '');
  return requests['PATCH accounts()'] ?? 0;
};

/** The small world with the accounts of the simulated organization, some of which the destination refused. */
async function worldWithFailures(count: number, options: Parameters<typeof smallWorld>[0] = {}) {
  const world = smallWorld(options);
  world.ports.organizations.dataverse = async () => source;
  const { entitySetName, primaryId } = await source.tableDefinition('account');
  const query = {
    table: { logicalName: 'account', entitySetName, primaryId },
    columns: ['name', 'versionnumber'],
    hasAnnotations: false,
  };
  const { rows } = await source.readPage({ kind: 'rows', query });
  const ids = rows.slice(0, count).map((row) => String(row.accountid));
  for (const recordId of ids) world.logFailure({ recordId });
  /** The exporter takes every row, in its present version. */
  const arrive = async () => {
    for (const row of await source.readRows(query, ids))
      world.destination.set(String(row.accountid), Number(row.versionnumber));
  };
  return { world, ids, read: (): Promise<readonly Row[]> => source.readRows(query, ids), arrive };
}

async function live({ world, arrive }: { world: World; arrive: () => Promise<void> }, minutes: number) {
  for (let half = 0; half < 2 * minutes; half++) {
    await world.runTimer();
    while (await world.deliver());
    await arrive();
    world.pass(30);
  }
}

test('rows of an organization are healed by writes that move their versions, which the first one proves', async () => {
  const before = await patches();
  const given = await worldWithFailures(7);
  const rows = await given.read();
  await live(given, 6);
  expect(statesOf(given.world)).toEqual({ healed: 7 });
  expect(await patches()).toBe(before + 7);
  expect((await given.read()).map(({ name }) => name)).toEqual(rows.map(({ name }) => name));
  expect(eventsOf(given.world, 'automation.touch.tested')).toMatchObject([{ outcome: 'moves' }]);
});

test('an organization whose versions stand still gets one write, and its rows a person', async () => {
  await organization.simulator('PATCH', '/switches', { noOpPatchBumpsVersion: false });
  const before = await patches();
  const given = await worldWithFailures(7);
  await live(given, 6);
  expect(statesOf(given.world)).toEqual({ 'needs-attention': 7 });
  expect(await patches()).toBe(before + 1);
  expect(eventsOf(given.world, 'automation.touch.tested')).toMatchObject([{ outcome: 'moves-nothing' }]);
});

test('writes are quiet where the app may, and else plug-ins run after one refusal', async () => {
  const before = await patches();
  const refused = await worldWithFailures(7, { isRetouchQuiet: true });
  await live(refused, 6);
  expect(statesOf(refused.world)).toEqual({ healed: 7 });
  expect(await patches()).toBe(before + 8);
  expect(refused.world.lines).toEqual([expect.stringMatching(/prvBypassCustomBusinessLogic/)]);

  await organization.simulator('PATCH', '/switches', { bypassNeedsPrivilege: false });
  const allowed = await worldWithFailures(7, { isRetouchQuiet: true });
  await live(allowed, 6);
  expect(statesOf(allowed.world)).toEqual({ healed: 7 });
  expect(await patches()).toBe(before + 15);
  expect(allowed.world.lines).toEqual([]);
});

test('a throttled re-touch stops writing, loses no attempt, and leaves the budget to the exporter', async () => {
  const given = await worldWithFailures(30);
  const { world } = given;
  await live(given, 1);
  for (world.pass(1); statesOf(world).retouching !== 29; world.pass(30)) {
    await world.runTimer();
    await world.deliver();
    await given.arrive();
  }
  const throttle = (method: string, retryAfterSeconds: number) =>
    organization.simulator('POST', '/faults', {
      ...{ route: 'accounts', kind: '429-requests', count: 1, method, retryAfterSeconds },
    });
  const before = await patches();
  await throttle('PATCH', 2);
  await world.deliver();
  expect(await patches()).toBe(before + 1);
  expect(statesOf(world)).toEqual({ healed: 1, waiting: 29 });
  const waiting = () => world.failures().filter(({ state }) => state === 'waiting');
  expect(waiting().every(({ attempts }) => attempts === 0)).toBe(true);

  // The exporter reads on when the pause is over, and is itself asked to wait: no row is written meanwhile.
  await throttle('GET', 3600);
  await expect(given.read()).rejects.toMatchObject({ code: 'DATAVERSE_THROTTLED' });
  world.pass(61);
  await world.runTimer();
  await world.deliver();
  expect(await patches()).toBe(before + 1);
  expect(waiting()).toHaveLength(29);
  const later = new Date(world.now().getTime() + 3500_000).toISOString();
  expect(waiting().filter(({ nextAttemptAt = '' }) => nextAttemptAt > later)).toHaveLength(1);

  // An hour later, which the process does not wait for.
  source = organization.dataverse(500);
  await live(given, 70);
  expect(statesOf(world)).toEqual({ healed: 30 });
  expect(world.failures().every(({ attempts }) => attempts === 1)).toBe(true);
});

test('a dry run sends no write', async () => {
  const before = await patches();
  const given = await worldWithFailures(7, { isRetouchDryRun: true });
  await live(given, 6);
  expect(await patches()).toBe(before);
  expect(statesOf(given.world)).toEqual({ waiting: 7 });
});
