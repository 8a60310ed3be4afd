import { describe, expect, test } from 'vitest';
import { type ApiOperations, apiOperations } from '../../../shared/api/operations.ts';
import { profilesCreate } from '../../../shared/api/profiles-create.ts';
import { ServiceError } from '../../../shared/errors.ts';
import type { Checkpoint } from '../../../shared/model/checkpoint.ts';
import type { ResyncScope } from '../../../shared/model/resync.ts';
import type { Destination } from '../../../shared/ports/destination.ts';
import { description, request, type Stub, stubPorts } from './stub-ports.ts';

const rowIds = ['AAAAAAAA-0000-4000-8000-000000000001', ' bbbbbbbb-0000-4000-8000-000000000002'];
const ids = rowIds.map((id) => id.trim().toLowerCase());

/** An active profile of account and contact, of which the first has failures; what the destination was asked for. */
async function activeProfile(counts: Readonly<Record<string, number | undefined>> = { account: 3 }) {
  const stub = stubPorts();
  const { Id } = await profilesCreate(request({ body: description }), stub.ports);
  const id = String(Id);
  const asked: [table: string, scope: ResyncScope][] = [];
  const destination: Pick<Destination, 'resync' | 'checkpoint'> = {
    // What the failures have come down to, of which the states still tell five.
    checkpoint: async () => ({ failureCount: 3 }) as Checkpoint,
    resync: async (table, { scope, profileId }) => {
      expect(profileId).toBe(id);
      asked.push([table, scope]);
      return counts[table];
    },
  };
  stub.ports.destinations.open = async () => destination as Destination;
  const operations: ApiOperations = apiOperations(stub.ports);
  await operations.profilesActivate(request({ id }));
  fail(stub, id, 'account');
  stub.sent.length = 0;
  const resync = (body?: unknown) =>
    operations.profilesResync(request({ id, ...(body !== undefined && { body }) }));
  return { stub, id, asked, resync };
}

function fail({ states }: Stub, id: string, table: string): void {
  const state = states.get(`${id}/${table}`);
  if (!state) throw new Error('The table has no state.');
  const failed = {
    failureCount: 5,
    initialSyncState: 'CompletedWithFailures',
  };
  states.set(`${id}/${table}`, { ...state, ...failed } as typeof state);
}

test.each([
  ['no body', undefined],
  ['an empty one', {}],
  ['nulls', { Scope: null, Entity: null }],
])('with %s all failed records are asked for, of the tables that have some', async (_, body) => {
  const { stub, id, asked, resync } = await activeProfile();
  expect(await resync(body)).toEqual({ Id: id, Entities: [{ Type: 'account', RecordCount: 3 }] });
  expect(asked).toEqual([['account', { kind: 'failed' }]]);
  const state = stub.states.get(`${id}/account`);
  expect(state).toMatchObject({ failureCount: 0, initialSyncState: 'Completed', turn: 1 });
  expect([stub.sent, stub.retries]).toEqual([[], [{ profileId: id, table: 'account' }]]);
});

test('records are asked for by id, in any case and once, and a table as a whole', async () => {
  const { stub, id, asked, resync } = await activeProfile({ account: 2, contact: 0 });
  const records = { scope: 'RECORDS', entity: ' Account', recordids: rowIds };
  expect(await resync(records)).toEqual({ Id: id, Entities: [{ Type: 'account', RecordCount: 2 }] });
  expect(stub.states.get(`${id}/account`)).toMatchObject({
    failureCount: 3,
    initialSyncState: 'CompletedWithFailures',
  });
  const table = { Scope: 'Entity', Entity: 'contact' };
  expect(await resync(table)).toEqual({ Id: id, Entities: [{ Type: 'contact', RecordCount: 0 }] });
  expect(asked).toEqual([
    ['account', { kind: 'rows', ids }],
    ['contact', { kind: 'table' }],
  ]);
  expect(stub.retries).toEqual([{ profileId: id, table: 'account' }]);
  expect(stub.sent).toMatchObject([{ table: 'contact', turn: 2 }]);
});

test('a table that has nothing to be asked for is not woken', async () => {
  const { stub, resync, id } = await activeProfile({ account: 0, contact: undefined });
  expect(await resync()).toEqual({ Id: id, Entities: [] });
  const table = { Scope: 'Entity', Entity: 'contact' };
  expect(await resync(table)).toEqual({ Id: id, Entities: [{ Type: 'contact', RecordCount: 0 }] });
  expect([stub.sent, stub.retries]).toEqual([[], []]);
});

describe('what is refused, with all that is wrong', () => {
  test.each<[body: unknown, wrong: RegExp[]]>([
    [[], [/The body must be an object, received a list/]],
    [{ Scope: 'All' }, [/Scope must be FailedRecords, Records or Entity, received "all"/]],
    [{ Scope: 'Records' }, [/Entity is missing/, /RecordIds must be 1 to 1000 ids, received 0/]],
    [{ Scope: 'Entity', Entity: 'lead' }, [/Entity must be a table whose rows the profile exports/]],
    [{ RecordIds: rowIds }, [/RecordIds are only for the Scope Records/]],
    [
      { Scope: 'Records', Entity: 'account', RecordIds: ['x', 5, ...rowIds] },
      [/RecordIds must hold guids only, received "x" \(2 are none\)/],
    ],
    [
      { Scope: 'Records', Entity: 7, RecordIds: 'all' },
      [/Entity must be text/, /RecordIds must be a list, received a string/],
    ],
    [
      { Scope: 'Records', Entity: 'account', RecordIds: Array(1001).fill(ids[0]) },
      [/RecordIds must be 1 to 1000 ids, received 1001/],
    ],
  ])('%j', async (body, wrong) => {
    const { asked, resync } = await activeProfile();
    const refusal = await resync(body).catch((error: ServiceError) => error);
    expect(refusal).toMatchObject({ code: 'REQUEST_INVALID' });
    for (const each of wrong) expect((refusal as ServiceError).message).toMatch(each);
    expect(asked).toEqual([]);
  });
});

test('a destination that does not answer is told, and nothing has begun', async () => {
  const { stub, resync } = await activeProfile();
  stub.ports.destinations.open = async () => {
    throw new ServiceError('DESTINATION_UNREACHABLE', 'Cannot connect.');
  };
  await expect(resync()).rejects.toMatchObject({ code: 'DESTINATION_UNREACHABLE' });
  expect(stub.sent).toEqual([]);
});
