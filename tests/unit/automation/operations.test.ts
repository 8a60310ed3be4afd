import { describe, expect, test } from 'vitest';
import { mostTries } from '../../../shared/automation/operations/run-operation.ts';
import { ServiceError } from '../../../shared/errors.ts';
import type { FailureState } from '../../../shared/model/failure.ts';
import type { FailureSelection, OperationRequest } from '../../../shared/model/operation.ts';
import { operationsWorld } from './operations-world.ts';
import { Crash, organization, profileId, rowId } from './small-world.ts';

type World = ReturnType<typeof operationsWorld>;

const description = {
  Name: 'Sales',
  OrganizationId: organization.id,
  DestinationKeyVaultUri: 'https://vault.example/secrets/sales',
  Entities: [{ Type: 'account', Settings: {} }],
};
const creation: OperationRequest = {
  kind: 'create-profile',
  organizationId: organization.id,
  description,
};
const all: FailureSelection = {
  profileId,
  ...{ table: undefined, cause: undefined, state: undefined, recordIds: undefined, failureIds: undefined },
};
const stateOf = async (world: World, id: string) => (await world.ledger.get(profileId, id))?.state;

describe('a profile', () => {
  test('is created and activated by one request', async () => {
    const world = operationsWorld();
    const { id, state } = await world.request(creation);
    expect(state).toBe('accepted');
    const [{ id: made, isActive } = { id: '', isActive: true }] = (await world.settle(id)) ? world.made : [];
    expect(world.made).toHaveLength(1);
    expect(isActive).toBe(true);
    expect(await world.stored.get(id)).toMatchObject({
      state: 'succeeded',
      profileId: made,
      message: 'The profile was created and is active.',
    });
    expect(world.events.filter(({ name }) => name === 'automation.operation.completed')).toEqual([
      {
        name: 'automation.operation.completed',
        data: { kind: 'create-profile', state: 'succeeded', seconds: 0, rows: 0 },
      },
    ]);
  });

  test('that the exporter refuses fails in its words, at once', async () => {
    const world = operationsWorld();
    world.refusals.push(
      new ServiceError('EXPORTER_REQUEST_REFUSED', 'It said: Name is missing; X is wrong.'),
    );
    const { id } = await world.request(creation);
    await world.run();
    expect(await world.stored.get(id)).toMatchObject({
      state: 'failed',
      message: 'It said: Name is missing; X is wrong.',
    });
  });

  test('whose name another one has is refused, and one that is as described is taken', async () => {
    const world = operationsWorld();
    const other = { ...description, Entities: [{ Type: 'contact' }] };
    world.made.push({ id: 'other', description: other, isActive: false });
    const refused = await world.request(creation);
    await world.run();
    expect(await world.stored.get(refused.id)).toMatchObject({ state: 'failed' });
    const taken = await world.request({ ...creation, description: other });
    await world.run();
    expect(await world.stored.get(taken.id)).toMatchObject({ state: 'succeeded', profileId: 'other' });
  });

  test('is tried again with growing delays while the exporter is away, and given up after an hour', async () => {
    const world = operationsWorld();
    const away = new ServiceError('EXPORTER_UNREACHABLE', 'Cannot reach the exporter: it is away.');
    world.outages.set('exporter', away);
    const { id } = await world.request(creation);
    const delays: number[] = [];
    while ((await world.stored.get(id))?.state !== 'failed') {
      await world.run();
      const [next] = world.runMessages();
      if (!next) break;
      const seconds = (next.visibleAt - world.now().getTime()) / 1000;
      expect((await world.stored.get(id))?.message).toContain('Goes on later. Cannot reach the exporter');
      delays.push(seconds);
      world.pass(seconds);
    }
    expect(delays).toEqual([30, 60, 120, 240, 480, 600, 600, 600, 600]);
    expect(await world.stored.get(id)).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/^Was given up after 10 tries. Cannot reach the exporter: it is away./),
    });
  });

  test('is activated and deactivated; one that is not there is said so', async () => {
    const world = operationsWorld();
    world.made.push({ id: profileId, description, isActive: false });
    for (const kind of ['activate-profile', 'deactivate-profile'] as const) {
      const { id } = await world.request({ kind, profileId });
      expect(await world.settle(id)).toMatchObject({ state: 'succeeded' });
      expect(world.made[0]?.isActive).toBe(kind === 'activate-profile');
    }
    const { id } = await world.request({ kind: 'activate-profile', profileId: rowId(9) });
    expect(await world.settle(id)).toMatchObject({ state: 'failed', message: /Cannot find the profile/ });
  });
});

describe('failures', () => {
  const states: FailureState[] = ['waiting', 'needs-attention', 'ignored', 'healed', 'gone'];

  test('are ignored, but for those that are over', async () => {
    const world = operationsWorld();
    const failures = [];
    for (const [row, state] of states.entries()) failures.push(await world.failed(row, state));
    world.pass(1);
    const { id } = await world.request({ kind: 'ignore-failures', selection: all, reason: 'Tests.' });
    await world.run();
    expect(await world.stored.get(id)).toMatchObject({
      state: 'succeeded',
      message: 'Rows: 2 ignored.',
      rows: { ignored: 2 },
    });
    expect(await Promise.all(failures.map((failure) => stateOf(world, failure.id)))).toEqual([
      ...['ignored', 'ignored', 'ignored', 'healed', 'gone'],
    ]);
    expect((await world.ledger.get(profileId, failures[1]?.id ?? ''))?.history.at(-1)).toMatchObject({
      state: 'ignored',
      note: 'A person said so: Tests.',
    });
  });

  test('are taken up again from the first attempt on; ignored ones when they are named', async () => {
    const world = operationsWorld();
    const failures = [];
    for (const [row, state] of states.entries())
      failures.push(await world.failed(row, state, { attempts: 7 }));
    world.pass(1);
    const retry = async (selection: FailureSelection) => {
      const { id } = await world.request({ kind: 'retry-failures', selection });
      await world.run();
      return (await world.stored.get(id))?.message;
    };
    expect(await retry(all)).toBe('Rows: 2 wait for another try.');
    const now = world.now().toISOString();
    for (const failure of failures.slice(0, 2))
      expect(await world.ledger.get(profileId, failure.id)).toMatchObject({
        ...{ state: 'waiting', attempts: 0, nextAttemptAt: now },
      });
    expect(await stateOf(world, failures[2]?.id ?? '')).toBe('ignored');
    expect(await retry({ ...all, state: 'ignored' })).toBe('Rows: 1 wait for another try.');
    expect(await retry({ ...all, recordIds: [rowId(3)] })).toBe(
      'There was nothing to do: no failure fits the selection, or all that fit are healed, gone or ignored.',
    );
  });

  test('of 350 rows are changed in parts of bounded time', async () => {
    const world = operationsWorld();
    for (let row = 0; row < 350; row++) await world.failed(row, 'needs-attention');
    world.pass(1);
    const { id } = await world.request({ kind: 'ignore-failures', selection: all, reason: 'Too many.' });
    const ports = { ...world.ports, runSeconds: 0 };
    Object.assign(world.ports, ports);
    let runs = 0;
    while (await world.run()) runs += 1;
    expect(runs).toBe(4);
    expect(await world.stored.get(id)).toMatchObject({ state: 'succeeded', rows: { ignored: 350 } });
  });

  test('of rows are written again now, and the operation ends when all are settled', async () => {
    const world = operationsWorld();
    const wanted: FailureState[] = ['waiting', 'waiting', 'needs-attention', 'needs-attention', 'waiting'];
    for (const [row, state] of wanted.entries()) {
      world.source.put('account', rowId(row), { name: 'first' });
      world.refused.set(rowId(row), 'constraint "modest" refused it');
      const nextAttemptAt = '2027-01-01T00:00:00.000Z';
      await world.failed(row, state, row === 0 ? {} : { attempts: 4, nextAttemptAt });
    }
    world.exportChanges();
    for (const row of [0, 1, 2, 3]) world.refused.delete(rowId(row));
    world.source.delete('account', rowId(1));
    world.pass(1);
    const { id } = await world.request({ kind: 'retouch-failures', selection: { ...all, table: 'account' } });
    await world.run();
    expect(await world.stored.get(id)).toMatchObject({ state: 'running', rows: { retouching: 5 } });
    while (await world.deliver());
    expect(world.touched.toSorted()).toEqual([0, 2, 3, 4].map(rowId));
    const ended = await world.settle(id);
    expect(ended).toMatchObject({
      state: 'succeeded',
      rows: { healed: 3, gone: 1, 'needs-attention': 1 },
      message: 'Rows: 3 healed, 1 gone, 1 need attention.',
    });
  });

  test('that cannot be written again, or are nowhere, are said so', async () => {
    const world = operationsWorld();
    await world.failed(1, 'waiting', { recordId: undefined });
    world.pass(1);
    const { id } = await world.request({ kind: 'retouch-failures', selection: all });
    expect(await world.settle(id)).toMatchObject({
      state: 'succeeded',
      message: 'Rows: 1 of a whole table, which cannot be written again.',
    });
    const none = await world.request({ kind: 'retouch-failures', selection: { ...all, table: 'contact' } });
    expect(await world.settle(none.id)).toMatchObject({ state: 'succeeded', rows: {} });
    expect(world.touched).toEqual([]);
  });
});

describe('whatever happens', () => {
  const cases: Record<string, (world: World) => Promise<OperationRequest>> = {
    'create-profile': async () => creation,
    'ignore-failures': async (world) => {
      for (const row of [1, 2, 3]) await world.failed(row, row === 1 ? 'needs-attention' : 'waiting');
      return { kind: 'ignore-failures', selection: { ...all, cause: 'constraint' }, reason: 'Tests.' };
    },
    'retry-failures': async (world) => {
      for (const row of [1, 2]) await world.failed(row, 'needs-attention', { attempts: 4 });
      return { kind: 'retry-failures', selection: { ...all, state: 'needs-attention' } };
    },
    'retouch-failures': async (world) => {
      for (const row of [1, 2, 3]) {
        world.source.put('account', rowId(row), { name: 'first' });
        world.refused.set(rowId(row), 'constraint "modest" refused it');
        await world.failed(row, 'needs-attention', { attempts: 4 });
      }
      world.exportChanges();
      world.refused.clear();
      return { kind: 'retouch-failures', selection: { ...all, state: 'needs-attention' } };
    },
  };
  const rows: Record<string, object> = {
    'create-profile': {},
    'ignore-failures': { ignored: 3 },
    'retry-failures': { waiting: 2 },
    'retouch-failures': { healed: 3 },
  };

  test.each(Object.keys(cases))('%s is done once after a crash at any call', async (kind) => {
    let isDead = true;
    let calls = 0;
    for (; isDead && calls < 200; calls++)
      for (const moment of [0, 0.001]) {
        const world = operationsWorld();
        const request = (await cases[kind]?.(world)) ?? creation;
        world.pass(1 + moment);
        const { id } = await world.request(request, 'key');
        isDead = false;
        world.dieAtCall(calls + 1);
        try {
          await world.run();
        } catch (error) {
          expect(error).toBeInstanceOf(Crash);
          isDead = true;
        }
        world.dieAtCall(Number.POSITIVE_INFINITY);
        expect(await world.settle(id)).toMatchObject({ state: 'succeeded', rows: rows[kind] ?? {} });
        if (kind === 'create-profile') expect(world.made).toMatchObject([{ isActive: true }]);
        if (kind === 'retouch-failures') expect(new Set(world.touched).size).toBe(3);
      }
    expect(calls).toBeGreaterThan(4);
    expect(isDead).toBe(false);
  });

  test.each(Object.keys(cases))('%s is done though its messages are lost', async (kind) => {
    const world = operationsWorld();
    const request = (await cases[kind]?.(world)) ?? creation;
    world.pass(1);
    const { id } = await world.request(request);
    world.loseMessages();
    expect(await world.settle(id)).toMatchObject({ state: 'succeeded' });
  });

  test('a request that is repeated after a crash is one operation', async () => {
    for (const calls of [1, 2, 3])
      for (const moment of [0, 0.001]) {
        const world = operationsWorld();
        world.pass(moment);
        world.dieAtCall(calls);
        await world.request(creation, 'key').catch(() => undefined);
        world.dieAtCall(Number.POSITIVE_INFINITY);
        const { id } = await world.request(creation, 'key');
        expect(await world.settle(id)).toMatchObject({ state: 'succeeded' });
        expect(world.made).toHaveLength(1);
        expect((await world.request(creation, 'key')).id).toBe(id);
        const other: OperationRequest = { kind: 'activate-profile', profileId };
        await expect(world.request(other, 'key')).rejects.toThrow(/Idempotency-Key/);
      }
  });

  test('an operation that kills its process each time fails at last', async () => {
    const world = operationsWorld();
    const { id } = await world.request(creation);
    for (let day = 0; day < mostTries; day++) {
      world.loseMessages();
      world.pass(700);
      await world.resend();
    }
    expect(await world.stored.get(id)).toMatchObject({
      state: 'failed',
      message: 'Was given up after 10 tries. Its message was lost.',
    });
    await world.resend();
    expect(world.runMessages()).toEqual([]);
  });

  test('a ticket is told the end, and a message that arrives late tells it again and does nothing', async () => {
    const world = operationsWorld();
    const { id } = await world.request(creation);
    const ticket = { system: 'servicenow', ticketId: 'INC1' };
    await world.stored.update(id, (operation) => ({ ...operation, ticket }));
    await world.run(true);
    await world.run();
    expect(world.told.map((operation) => [operation.id, operation.state])).toEqual([
      [id, 'succeeded'],
      [id, 'succeeded'],
    ]);
    expect(world.made).toHaveLength(1);
    expect(world.events.filter(({ name }) => name === 'automation.operation.completed')).toHaveLength(1);
  });
});
