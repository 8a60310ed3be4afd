import { randomUUID } from 'node:crypto';
import { organizationId } from '../local/sign-ins.ts';
import { profileStore } from '../shared/adapters/storage/profile-store.ts';
import { storageAccount } from '../shared/adapters/storage/storage-account.ts';
import { syncStates } from '../shared/adapters/storage/sync-states.ts';
import { consoleLog } from '../shared/adapters/system/console-log.ts';
import type { Profile } from '../shared/model/profile.ts';
import { newSyncState } from '../shared/model/sync-state.ts';
import { inParallel } from './in-parallel.ts';

/** How many profiles of the simulated organization, and how many tables of a larger stock each has. */
export interface SampleSize {
  readonly profiles: number;
  readonly tables: number;
  /** Whether each table has a state, as after an activation. */
  readonly hasStates: boolean;
}

/** The app's own stores, filled directly: through the API no profile can have tables that no organization has. */
export async function fillProfiles(connectionString: string, size: SampleSize) {
  const account = storageAccount({ connectionString }, consoleLog());
  const profiles = profileStore(account);
  const states = syncStates(account);
  const stock = Array.from({ length: size.tables * 2 }, (_, index) => `new_tableofpartner${index}`);
  const all = Array.from({ length: size.profiles }, (_, index) => sampleProfile(index, size, stock));
  await inParallel(all, 8, async (profile) => {
    await profiles.create(profile);
    if (!size.hasStates) return;
    for (const { name } of profile.tables)
      await states.update(profile.id, name, () => newSyncState(profile.id, name, 1, profile.createdAt));
  });
  return { profiles, ids: all.map(({ id }) => id) };
}

function sampleProfile(index: number, { tables }: SampleSize, stock: readonly string[]): Profile {
  const now = new Date().toISOString();
  const first = index % tables;
  return {
    id: randomUUID(),
    organizationId,
    organizationUrl: 'https://contoso.example/',
    name: `Sample ${index}`,
    version: 1,
    state: 'active',
    activation: 1,
    destination: {
      type: 'PostgreSql',
      keyVaultUri: 'https://contoso.vault.azure.net/secrets/reporting/0123456789abcdef0123456789abcdef',
      schema: 'dbo',
      prefix: `s${index}`,
    },
    tables: stock.slice(first, first + tables).map((name) => ({ name, settings: {} })),
    retryPolicy: { maxRetryCount: 12, intervalSeconds: 5 },
    writeDeleteLog: true,
    createdAt: now,
    lastModifiedAt: now,
    activatedAt: now,
  };
}
