import { expect, test, vi } from 'vitest';
import { reportPoison } from '../../../shared/edge/report-poison.ts';

const tellPoisoned = vi.fn();

async function logged(message: unknown): Promise<string> {
  const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const telemetry = { event: vi.fn(), metric: vi.fn() };
  await reportPoison('sync-table', message, { log, telemetry, automation: { tellPoisoned } });
  expect(telemetry.event).toHaveBeenCalledExactlyOnceWith('queue.message.poisoned', { queue: 'sync-table' });
  expect(log.error).toHaveBeenCalledOnce();
  return String(log.error.mock.calls[0]?.[0]);
}

test('a message of ours is told by what it is about, as an object or as its text', async () => {
  const item = {
    profileId: '55555555-5555-4555-8555-555555555555',
    table: 'account',
    activation: 2,
    turn: 7,
  };
  const line =
    'A message of queue "sync-table" was given up after several tries: 94 characters, profileId "55555555-5555-4555-8555-555555555555", table "account", activation 2, turn 7.';
  expect(await logged(item)).toBe(line);
  expect(await logged(JSON.stringify(item))).toBe(line);
  const { profileId, table } = item;
  expect(tellPoisoned.mock.calls).toEqual([
    [{ queue: 'sync-table', profileId, table }],
    [{ queue: 'sync-table', profileId, table }],
  ]);
});

test('nothing else of a message is told, whoever wrote it', async () => {
  const foreign = {
    name: 'Ada',
    profileId: { secret: 'Ada' },
    table: `account${' '.repeat(100)}Ada`,
    recordIds: ['Ada'],
  };
  for (const message of [foreign, JSON.stringify(foreign), 'Ada', '"Ada"', ['Ada'], `{"name":"Ada`])
    expect(await logged(message)).not.toContain('Ada');
  expect(JSON.stringify(tellPoisoned.mock.calls)).not.toContain('Ada');
  expect(await logged(foreign)).toContain('table "account');
  expect(await logged('Ada')).toMatch(/: 3 characters\.$/);
  for (const message of [undefined, null, 0, '']) expect(await logged(message)).toMatch(/\d characters\.$/);
});
