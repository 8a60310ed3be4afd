import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { type Operation, operationId, operationStates } from '../../shared/model/operation.ts';
import type { Operations } from '../../shared/ports/operations.ts';

/** An operation that was asked for at this time. */
export function anOperation(requestedAt: Date, change: Partial<Operation> = {}): Operation {
  const at = requestedAt.toISOString();
  return {
    id: operationId(requestedAt, randomUUID()),
    request: { kind: 'activate-profile', profileId: randomUUID() },
    state: 'accepted',
    requestedBy: randomUUID(),
    requestedAt: at,
    changedAt: at,
    message: 'Is about to begin.',
    rows: undefined,
    profileId: undefined,
    ticket: undefined,
    ...change,
  };
}

const time = Date.parse('2026-11-23T10:00:00Z');
const minute = (count: number) => new Date(time + count * 60_000);

/** What every store of operations promises. Lists and purges what others have written, too: to be run in a storage of its own. */
export function operationsContract(open: () => Operations): void {
  it('an operation is added once and comes back as it was', async () => {
    const operations = open();
    const selection = { profileId: randomUUID(), table: 'account' };
    const operation = anOperation(minute(0), {
      request: {
        kind: 'ignore-failures',
        selection: {
          ...selection,
          cause: 'constraint',
          state: undefined,
          recordIds: undefined,
          failureIds: undefined,
        },
        reason: 'They are tests.',
      },
      ticket: { system: 'servicenow', ticketId: 'INC0010001' },
      rows: { ignored: 3 },
    });
    const answers = await Promise.all([1, 2, 3].map(() => operations.add(operation)));
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect(await operations.get(operation.id)).toEqual(operation);
    expect(await operations.get(operationId(minute(0), randomUUID()))).toBeUndefined();
  });

  it('an operation as large as may be asked for is stored, and changed', async () => {
    const operations = open();
    const request = {
      kind: 'create-profile',
      organizationId: randomUUID(),
      description: 'x'.repeat(299_900),
    } as const;
    const operation = anOperation(minute(0), { request });
    await operations.add(operation);
    const message = '✓'.repeat(4000);
    await operations.update(operation.id, (each) => ({ ...each, state: 'running', message }));
    expect(await operations.get(operation.id)).toEqual({ ...operation, state: 'running', message });
  });

  it('operations that are asked for with the same key are one, also at the same moment and after it has changed', async () => {
    const operations = open();
    const key = `${randomUUID()} any text ✓`;
    const asked = [1, 2, 3].map((at) => anOperation(minute(at)));
    const given = await Promise.all(asked.map((operation) => operations.addOnce(key, operation)));
    const ids = new Set(given.map(({ id }) => id));
    expect(ids.size).toBe(1);
    const [id = ''] = ids;
    expect(asked.map((operation) => operation.id)).toContain(id);
    await operations.update(id, (each) => ({ ...each, state: 'running' }));
    expect(await operations.addOnce(key, anOperation(minute(9)))).toMatchObject({ id, state: 'running' });
    const other = anOperation(minute(9));
    expect(await operations.addOnce(`${key}.`, other)).toEqual(other);
  });

  it('those that are not over are told apart', async () => {
    const operations = open();
    const states = ['accepted', 'running', 'succeeded', 'failed'] as const;
    const made = states.map((state) => anOperation(minute(50), { state, dueAt: minute(51).toISOString() }));
    for (const operation of made) await operations.add(operation);
    const found: Operation[] = [];
    for await (const operation of operations.unfinished())
      if (made.some(({ id }) => id === operation.id)) found.push(operation);
    expect(found.map(({ state }) => state).sort()).toEqual(['accepted', 'running']);
  });

  it('an operation changes as its life has it, also under two writers, and in no other way', async () => {
    const operations = open();
    const operation = anOperation(minute(1), { rows: { healed: 0 } });
    await operations.add(operation);
    const one = (each: Operation): Operation => ({ ...each, rows: { healed: (each.rows?.healed ?? 0) + 1 } });
    await Promise.all(Array.from({ length: 5 }, () => operations.update(operation.id, one)));
    expect((await operations.get(operation.id))?.rows).toEqual({ healed: 5 });
    expect(await operations.update(operation.id, () => undefined)).toMatchObject({ state: 'accepted' });
    for (const state of ['running', 'succeeded'] as const)
      await operations.update(operation.id, (each) => ({ ...each, state }));
    for (const state of operationStates.filter((each) => each !== 'succeeded'))
      await expect(operations.update(operation.id, (each) => ({ ...each, state }))).rejects.toThrow(
        'no such step',
      );
    expect(await operations.update(operationId(minute(1), randomUUID()), one)).toBeUndefined();
  });

  it('operations are listed part by part, the newest first, each once', async () => {
    const operations = open();
    const made = [5, 3, 9, 7, 11].map((at) => anOperation(minute(100 + at)));
    for (const operation of made) await operations.add(operation);
    const seen: string[] = [];
    let continuation: string | undefined;
    do {
      const part = await operations.list(2, continuation);
      expect(part.items.length).toBeLessThanOrEqual(2);
      seen.push(...part.items.map(({ id }) => id));
      continuation = part.continuation;
    } while (continuation !== undefined);
    const expected = made.map(({ id }) => id).sort();
    expect(seen.filter((id) => expected.includes(id))).toEqual(expected);
    expect(seen).toEqual([...new Set(seen)].sort());
  });

  it('a purge takes operations that ended before', async () => {
    const operations = open();
    const states = ['accepted', 'running', 'succeeded', 'failed'] as const;
    const made = states.map((state) => anOperation(minute(-100), { state }));
    for (const operation of made) await operations.add(operation);
    expect(await operations.purge(minute(-100), () => false)).toBe(0);
    expect(await operations.purge(minute(-99), () => false)).toBe(2);
    const left = await Promise.all(made.map(({ id }) => operations.get(id)));
    expect(left.map((each) => each?.state)).toEqual(['accepted', 'running', undefined, undefined]);
  });
}
