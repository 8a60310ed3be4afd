import { createHash } from 'node:crypto';
import type { TransactionAction } from '@azure/data-tables';
import { ServiceError } from '../../errors.ts';
import { comparableName, type Profile } from '../../model/profile.ts';
import type { ProfileStore } from '../../ports/profile-store.ts';
import { documentMirror } from './document-mirror.ts';
import { documentTable, type GuardedWrite, orNothing } from './document-table.ts';
import type { StorageAccount } from './storage-account.ts';
import { lostRace, untilWritten } from './storage-call.ts';
import { storedProfiles } from './stored-profile.ts';
import { keyOf } from './table-document.ts';

/** Name of the table of profiles and their names. */
export const profilesTable = 'Profiles';

/**
 * One partition for all: a profile and the row that reserves its name are written in one transaction, so a name is
 * never taken without its profile, whenever the process ends. All profiles are mirrored in memory, 4 KB each with 300
 * tables: they are read for each list and each new profile, and seldom written.
 */
const partitionKey = 'profile';
const profileKey = (id: string) => ({ partitionKey, rowKey: `id|${keyOf(id.toLowerCase())}` });

/** The row that reserves the profile's name; none when the profile is deleted. */
function nameKey(profile: Profile) {
  if (profile.state === 'deleted') return undefined;
  const name = `${profile.organizationId}|${comparableName(profile.name)}`;
  return { partitionKey, rowKey: `name|${createHash('sha256').update(name).digest('hex')}` };
}

export function profileStore(account: StorageAccount): ProfileStore {
  const profiles = documentTable(account, {
    table: profilesTable,
    ...storedProfiles(),
    columns: ({ organizationId, name, state }) => ({ organizationId, name, state }),
  });
  const mirror = documentMirror(profiles, { partitionKey, first: 'id|', end: 'id}' });
  const reservation = (key: { partitionKey: string; rowKey: string }, profile: Profile) => ({
    ...key,
    profileId: profile.id,
  });

  /** Who has the name that this profile asks for. */
  async function ownerOfName(profile: Profile): Promise<string | undefined> {
    const key = nameKey(profile);
    if (!key) return undefined;
    const table = await profiles.client();
    const row = await table
      .getEntity<{ profileId: string }>(key.partitionKey, key.rowKey)
      .catch(orNothing(404));
    return row?.profileId;
  }

  function nameTaken(doing: string, profile: Profile): ServiceError {
    return new ServiceError(
      'PROFILE_NAME_TAKEN',
      `Cannot ${doing} profile "${profile.name}": another profile of the organization has this name; expected a new one.`,
      { parameters: [profile.name] },
    );
  }

  async function create(profile: Profile): Promise<void> {
    const table = await profiles.client();
    const key = nameKey(profile);
    const actions: TransactionAction[] = [
      ['create', profiles.entity(profileKey(profile.id), profile)],
      mirror.mark(),
    ];
    if (key) actions.push(['create', reservation(key, profile)]);
    await untilWritten(`create profile "${profile.id}"`, async () => {
      if (await table.submitTransaction(actions).catch(orNothing(409, 412))) return;
      const owner = await ownerOfName(profile);
      if (owner && owner !== profile.id) throw nameTaken('create', profile);
      // Our own first try may have arrived although its answer got lost; or writers met at the mark.
      return owner ? undefined : lostRace;
    });
  }

  /** The document, the mark and, for a new name, its reservation. */
  async function writeAll({ entity, etag = '', before, after }: GuardedWrite<Profile>): Promise<unknown> {
    const table = await profiles.client();
    const actions: TransactionAction[] = [['update', entity, 'Replace', { etag }], mirror.mark()];
    const [nameBefore, name] = [before && nameKey(before), nameKey(after)];
    if (nameBefore?.rowKey !== name?.rowKey) {
      if (nameBefore) actions.push(['delete', nameBefore]);
      if (name) actions.push(['create', reservation(name, after)]);
    }
    const written = await table.submitTransaction(actions).catch(orNothing(404, 409, 412));
    if (written) return written;
    const owner = await ownerOfName(after);
    if (owner && owner !== after.id) throw nameTaken('rename', after);
    return undefined;
  }

  async function update(profileId: string, change: (profile: Profile) => Profile): Promise<Profile> {
    const changed = (profile: Profile | undefined) => {
      if (profile === undefined) throw profileNotFound(profileId);
      return change(profile);
    };
    return (await profiles.update(profileKey(profileId), changed, writeAll)) as Profile;
  }

  async function remove(profileId: string): Promise<void> {
    const table = await profiles.client();
    await untilWritten(`remove profile "${profileId}"`, async () => {
      const stored = await profiles.read(profileKey(profileId));
      if (!stored) return undefined;
      const key = nameKey(stored.document);
      const actions: TransactionAction[] = [['delete', profileKey(profileId)], mirror.mark()];
      if (key) actions.push(['delete', key]);
      return (await table.submitTransaction(actions).catch(orNothing(404, 412))) ? undefined : lostRace;
    });
  }

  return {
    create,
    update,
    remove,
    get: async (profileId) => (await profiles.read(profileKey(profileId)))?.document,
    list: async (organizationId) =>
      (await mirror.all()).filter((profile) => profile.organizationId === organizationId),
    listActive: async () => (await mirror.all()).filter(({ state }) => state === 'active'),
  };
}

function profileNotFound(profileId: string): ServiceError {
  return new ServiceError(
    'PROFILE_NOT_FOUND',
    `Cannot find profile "${profileId}": there is none; expected the id of a profile.`,
    { parameters: [profileId] },
  );
}
