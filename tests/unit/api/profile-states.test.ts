import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type ApiOperations, apiOperations } from '../../../shared/api/operations.ts';
import { errorCodes } from '../../../shared/error-codes.ts';
import { hasCode } from '../../../shared/errors.ts';
import { activated, exportsOf, type Profile } from '../../../shared/model/profile.ts';
import { description, organization, request, type Stub, stubPorts } from './stub-ports.ts';

const page = readFileSync(new URL('../../../docs/profile-states.md', import.meta.url), 'utf8');
const rows = [...page.matchAll(/^\| (call|`\w+`) \|(.+)\|$/gm)].map(([, first = '', rest = '']) => ({
  call: first.replaceAll('`', ''),
  cells: rest.split('|').map((cell) => cell.trim()),
}));
const [header, ...calls] = rows.filter(({ cells }) => cells.length === 5);
const states = header?.cells ?? [];

const operations: Readonly<Record<string, keyof ApiOperations>> = {
  activate: 'profilesActivate',
  activatedata: 'profilesActivateData',
  activatemetadata: 'profilesActivateMetadata',
  deactivate: 'profilesDeactivate',
  PUT: 'profilesUpdate',
  GET: 'profilesGet',
  test: 'profilesTest',
  failures: 'profilesFailures',
  resync: 'profilesResync',
  DELETE: 'profilesDelete',
};
const id = '77777777-7777-4777-8777-777777777777';

/** A stored profile in the state, as it comes to be so. */
function profileIn(state: string): Profile | undefined {
  const inactive: Profile = {
    id,
    organizationId: organization.id,
    organizationUrl: organization.url,
    name: 'Sales',
    version: 4,
    state: 'inactive',
    activation: 2,
    destination: {
      type: 'SqlAzure',
      keyVaultUri: description.DestinationKeyVaultUri,
      schema: 'dbo',
      prefix: '',
    },
    tables: [{ name: 'account', settings: {} }],
    retryPolicy: { maxRetryCount: 5, intervalSeconds: 7 },
    writeDeleteLog: true,
    createdAt: '2026-11-22T10:00:00.000Z',
    lastModifiedAt: '2026-11-22T10:00:00.000Z',
  };
  const profiles: Readonly<Record<string, Profile | undefined>> = {
    inactive,
    'tables only': activated(inactive, 'metadata'),
    active: activated(inactive, 'all'),
    'half deleted': { ...inactive, state: 'deleted' },
    gone: undefined,
  };
  if (!(state in profiles)) throw new Error(`The page names an unknown state: ${state}`);
  return profiles[state];
}

function stateOf({ profiles }: Stub): string {
  const profile = profiles.get(id);
  if (profile === undefined) return 'gone';
  if (profile.state !== 'active') return profile.state === 'deleted' ? 'half deleted' : 'inactive';
  return exportsOf(profile).every(({ scope }) => scope === 'metadata') ? 'tables only' : 'active';
}

async function statusOf(stub: Stub, call: string): Promise<number> {
  const operation = operations[call];
  if (operation === undefined) throw new Error(`The page names an unknown call: ${call}`);
  const body = { ...description, Id: id, Version: '4', Entities: [{ Type: 'account' }] };
  try {
    await apiOperations(stub.ports)[operation](request({ id, body }));
    return 200;
  } catch (error) {
    if (!hasCode(error, 'PROFILE_NOT_FOUND', 'PROFILE_NOT_ACTIVE')) throw error;
    return errorCodes[error.code].httpStatus;
  }
}

describe('the table of docs/profile-states.md', () => {
  test('has a row for every call and a column for every state', () => {
    expect(calls.map(({ call }) => call).sort()).toEqual(Object.keys(operations).sort());
    expect(states).toEqual(['inactive', 'tables only', 'active', 'half deleted', 'gone']);
  });

  test.each(
    calls.flatMap(({ call, cells }) =>
      states.map((state, index) => ({ call, state, cell: cells[index] ?? '' })),
    ),
  )('$call of a profile that is $state: $cell', async ({ call, state, cell }) => {
    const stub = stubPorts();
    const profile = profileIn(state);
    if (profile) stub.profiles.set(id, profile);
    const [status, after = state] = cell.split(', ');
    expect([await statusOf(stub, call), stateOf(stub)]).toEqual([Number(status), after]);
    // The second call finds the state that the first has left.
    const again = calls.find((each) => each.call === call)?.cells[states.indexOf(after)] ?? '';
    if (call === 'PUT') return;
    expect([await statusOf(stub, call), stateOf(stub)]).toEqual([
      Number.parseInt(again, 10),
      again.split(', ')[1] ?? after,
    ]);
  });

  test('says the same as the drawing', () => {
    const drawn = [...page.matchAll(/^ {2}(\w+) --> (\w+): (.+)$/gm)].flatMap(([, from, to, labels = '']) =>
      labels.split(', ').map((call) => `${from} ${call} ${to}`.replaceAll('_', ' ')),
    );
    const told = calls.flatMap(({ call, cells }) =>
      cells.flatMap((cell, index) => {
        const [, after = states[index]] = cell.split(', ');
        return after === states[index] ? [] : [`${states[index]} ${call} ${after}`];
      }),
    );
    expect(drawn.sort()).toEqual(told.sort());
  });
});
