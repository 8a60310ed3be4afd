import { expect, test } from 'vitest';
import { profilesActivate } from '../../../shared/api/profiles-activate.ts';
import { profilesCreate } from '../../../shared/api/profiles-create.ts';
import { profilesDeactivate } from '../../../shared/api/profiles-deactivate.ts';
import { profilesGet } from '../../../shared/api/profiles-get.ts';
import { profilesUpdate } from '../../../shared/api/profiles-update.ts';
import type { SyncState } from '../../../shared/model/sync-state.ts';
import { description, request, secretAddress, stubPorts } from './stub-ports.ts';

/** A profile whose tables were exported, switched off. */
async function exported() {
  const { ports, states } = stubPorts();
  const id = String((await profilesCreate(request({ body: description }), ports)).Id);
  await profilesActivate(request({ id }), ports);
  for (const [key, state] of states)
    states.set(key, { ...state, metadataState: 'Created', initialSyncState: 'Completed', successCount: 7 });
  await profilesDeactivate(request({ id }), ports);
  const get = async () =>
    JSON.parse(JSON.stringify(await profilesGet(request({ id, query: { status: 'true' } }), ports)));
  return {
    put: async (members: object) =>
      profilesUpdate(request({ id, body: { ...(await get()), ...members } }), ports),
    activate: () => profilesActivate(request({ id }), ports),
    states: (): readonly SyncState[] => [...states.values()],
    statuses: async () =>
      (await get()).Entities.map(({ Status }: { Status: Record<string, unknown> }) => [
        Status.EntityMetadataState,
        Status.InitialSyncState,
        Status.SuccessNotifications,
      ]),
  };
}

test.each([
  { DestinationSchemaName: 'other' },
  { DestinationPrefix: 'other' },
  { DestinationType: 'PostgreSql' },
  { DestinationKeyVaultUri: `${secretAddress}2` },
])(
  'of a profile that goes to another place nothing is said that was true of the old one: %o',
  async (place) => {
    const { put, activate, states, statuses } = await exported();
    await put(place);
    expect(states()).toEqual([]);
    expect(await statuses()).toEqual(Array(2).fill(['NotCreated', 'NotStarted', 0]));
    await activate();
    expect(await statuses()).toEqual(Array(2).fill(['NotCreated', 'NotStarted', 0]));
  },
);

test.each([
  { Name: 'Other' },
  { DestinationKeyVaultUri: `${secretAddress}/0123456789abcdef0123456789abcdef` },
  { RetryPolicy: { MaxRetryCount: 1 } },
])('what is known of a profile that stays where it is stays, too: %o', async (members) => {
  const { put, activate, statuses } = await exported();
  await put(members);
  expect(await statuses()).toEqual(Array(2).fill(['Created', 'Completed', 7]));
  await activate();
  expect(await statuses()).toEqual(Array(2).fill(['Created', 'NotStarted', 7]));
});
