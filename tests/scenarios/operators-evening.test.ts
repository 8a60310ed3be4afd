import { expect, test } from 'vitest';
import { checkHealth } from '../../shared/automation/health/check-health.ts';
import type { HealthPorts } from '../../shared/automation/health/health-ports.ts';
import { pollStatus } from '../../shared/automation/poll-status.ts';
import { type TellTicketPorts, tellTicket } from '../../shared/automation/tell-ticket.ts';
import { tellTickets } from '../../shared/automation/tell-tickets.ts';
import { tellable } from '../../shared/automation/ticket-texts.ts';
import type { TellTicketItem } from '../../shared/model/work-item.ts';
import { fakeHealthFindings } from '../fakes/fake-health-findings.ts';
import { fakeOperations, fakeWorkQueues } from '../fakes/fake-storage.ts';
import { fakeTicketRecords, fakeTicketSystem } from '../fakes/fake-tickets.ts';
import { eventsOf, statesOf } from '../unit/automation/refused-rows.ts';
import { rowId, smallWorld } from '../unit/automation/small-world.ts';

const rowCount = 40_000;

/** The automation with its presets around the exporter of this app, a ticketing system, and a clock that is fast. */
function eveningWorld() {
  const world = smallWorld({
    isResyncPreferred: true,
    startsAt: '2026-01-05T17:55:00.250Z',
    ...{ retouchMaxDelaySeconds: 21_600, retouchMaxAttempts: 12 },
    ...{ verifyIntervalSeconds: 30, verifyTimeoutSeconds: 900 },
  });
  const findings = fakeHealthFindings();
  const health: HealthPorts = {
    ...world.ports,
    findings,
    limits: {
      ...{ lagSeconds: 900, initialSyncStallSeconds: 3600, secretExpiryDays: 30 },
      ...{ inactiveWarningDays: 7, quietSeconds: 600 },
    },
    lookSeconds: 240,
  };
  const desk = fakeTicketSystem('servicenow');
  const queues = fakeWorkQueues();
  const telling: TellTicketPorts = {
    ...world.ports,
    system: desk.system,
    findings: {
      get: async (id) => {
        const finding = await findings.get(id);
        return finding && tellable(finding);
      },
    },
    ...{ records: fakeTicketRecords(), operations: fakeOperations(), queues },
    options: { firstDelaySeconds: 60, maxDelaySeconds: 21_600, maxAttempts: 12, resolvedSeconds: 1500 },
  };
  let minute = 0;
  return Object.assign(world, {
    desk,
    findings,
    timeNow: () => world.now().toISOString().slice(11, 16),
    /** Every timer at its time and every message, until the clock shows this. */
    async liveUntil(time: string): Promise<void> {
      for (; world.now().toISOString().slice(11, 16) < time; minute += 1) {
        world.exportChanges();
        await world.runTimer();
        while (await world.deliver());
        if (minute % 5 === 0) {
          await pollStatus(world.ports);
          await checkHealth(health);
          await tellTickets({ ...telling, findings });
          for (const { item } of queues.sent.tellTicket.splice(0))
            await tellTicket(item as TellTicketItem, telling);
        }
        world.pass(30);
        while (await world.deliver());
        world.pass(30);
      }
    },
  });
}

test('the operator’s evening: one email, one ticket, and nobody has to do anything but add space', async () => {
  const world = eveningWorld();
  for (let row = 1; row <= rowCount; row += 1) world.source.put('account', rowId(row), { name: 'first' });
  await world.liveUntil('18:00');
  expect(world.destination.size).toBe(rowCount);
  expect([world.failures(), await world.findings.open(), world.desk.tickets]).toEqual([[], [], []]);

  // 18:00: the database is full, and forty thousand rows change.
  for (let row = 1; row <= rowCount; row += 1) {
    world.refused.set(rowId(row), 'could not extend file "base/16384/2619": No space left on device (53100)');
    world.source.put('account', rowId(row), { name: 'second' });
  }
  await world.liveUntil('18:06');

  // 18:05: the email, which is what the alert's query shows of this event, and the ticket.
  const [opened, ...others] = eventsOf(world, 'automation.finding.opened');
  expect(others).toEqual([]);
  expect(opened).toMatchObject({
    ...{ kind: 'failures-growing', profileName: 'Sales', table: 'account', severity: 'error' },
    since: expect.stringMatching(/^2026-01-05T18:0[0-5]:/),
    story: expect.stringMatching(/40,?000 rows.*table "account"|table "account".*40,?000 rows/),
    whatToDo: expect.stringContaining('Free or add space in the destination database.'),
  });
  expect(world.desk.tickets).toMatchObject([
    { isOpen: true, isUrgent: true, text: expect.stringMatching(/40,?000/) },
  ]);

  // Until somebody comes, nothing knocks at the full database, and nothing is written in Dataverse.
  await world.liveUntil('19:00');
  expect([world.touched, world.resynced]).toEqual([[], []]);
  expect(statesOf(world)).toEqual({ waiting: rowCount });
  expect(eventsOf(world, 'automation.finding.opened')).toHaveLength(1);
  expect(world.desk.calls.filter((call) => call !== 'find')).toEqual(['open']);

  // 19:00: space is added.
  world.refused.clear();
  await world.liveUntil('19:02');
  expect(statesOf(world)).toEqual({ healed: rowCount });
  for (const { id, version } of world.source.rows('account').values())
    if (world.destination.get(id) !== version) expect.fail(`Row ${id} has not arrived.`);
  expect(world.touched).toEqual([]);
  const healed = eventsOf(world, 'automation.row.healed');
  expect(healed.reduce((sum, { rows }) => sum + Number(rows), 0)).toBe(rowCount);

  // The ticket is closed with the story, when it has been quiet for ten minutes.
  await world.liveUntil('19:21');
  expect(await world.findings.open()).toEqual([]);
  expect(eventsOf(world, 'automation.finding.closed')).toHaveLength(1);
  const [ticket] = world.desk.tickets;
  expect(ticket?.isOpen).toBe(false);
  const told = [...(ticket?.comments.values() ?? [])].join();
  for (const part of [
    'All is well again in profile "Sales", table "account"',
    'At last: ',
    '40,000',
    'It lasted ',
  ])
    expect(told).toContain(part);
});
