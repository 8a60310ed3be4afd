import { expect, vi } from 'vitest';
import type { Platform } from '../../local/platform/start-platform.ts';
import { organizationId } from '../../local/sign-ins.ts';
import { differencesOf } from './compare-tables.ts';
import { exporterClient } from './exporter-client.ts';
import { failureLines } from './failure-lines.ts';
import { inDatabase, profileBody, simulator } from './running-platform.ts';

const patience = { timeout: 90_000, interval: 500 };

/** A profile of these tables that was created, activated and loaded; its description overridden where a test differs. */
export async function replicatingProfile(
  platform: Platform,
  tables: readonly string[],
  prefix = '',
  differences: object = {},
) {
  const exporter = await exporterClient(platform.addresses);
  const name = `Weather ${prefix}`;
  const { Id: id } = await exporter.create(
    profileBody(platform, tables, { Name: name, DestinationPrefix: prefix, ...differences }),
  );
  await exporter.activate(id);
  const statuses = async () => (await exporter.get(id)).Entities.map(({ Status }) => Status);
  const states = async () => (await statuses()).map((status) => status?.InitialSyncState);
  await vi.waitFor(async () => expect(await states()).toEqual(tables.map(() => 'Completed')), patience);

  /** Opens the failure log also while the app answers nobody. */
  const failureLink = async () => (await exporter.failures(id)).FailureBlobUri;
  const { dataverse, entra, database } = platform.addresses;
  const sides = { dataverse, entra, database, organizationId, prefix };
  const differing = async () =>
    (await Promise.all(tables.map((table) => differencesOf(table, sides)))).flat().slice(0, 10);

  return {
    id,
    statuses,
    /** Starts random changes of the tables, many creates, deletes and re-creates among them. */
    startChanges: (changesPerSecond = 20) =>
      simulator(platform, 'POST', '/workload', {
        changesPerSecond,
        tables,
        mix: { create: 4, update: 10, delete: 3, recreate: 3 },
      }),
    failureLink,
    /** Lines of the failure log. */
    failureLines: async () => failureLines(await failureLink()),
    /** Stops the changes and waits until both sides are equal; no row may have been blamed for the weather. */
    async expectEqualSides(): Promise<void> {
      await simulator(platform, 'POST', '/workload', { changesPerSecond: 0 });
      await expect.poll(differing, patience).toEqual([]);
      for (const status of await statuses()) expect(status?.FailureNotifications).toBe(0);
      const rejected = `dbo."${prefix ? `${prefix}_` : ''}ReplicationRejectedRow"`;
      expect(await inDatabase(platform, `SELECT * FROM ${rejected}`)).toEqual([]);
    },
    delete: () => exporter.delete(id),
  };
}
