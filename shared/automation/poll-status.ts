import type { ExportedProfile } from '../ports/exporter-api.ts';
import type { AutomationPorts } from './automation-ports.ts';
import { eachProfile } from './each-without-stopping.ts';

/** Keeps every profile's status as it is now, and tells it to telemetry. */
export async function pollStatus(ports: AutomationPorts): Promise<void> {
  await eachProfile('Polling the status', ports, async (profile) => {
    await ports.statusHistory.add({ ...profile, seenAt: ports.clock.now().toISOString() });
    ports.telemetry.event('automation.profile.polled', {
      profileId: profile.id,
      profileName: profile.name,
      state: profile.state,
      tables: profile.tables.length,
      tablesInitiallySynced: profile.tables.filter((table) => isInitiallySynced(table)).length,
      successCount: sum(profile.tables.map((table) => table.successCount)),
      failureCount: sum(profile.tables.map((table) => table.failureCount)),
    });
  });
}

function isInitiallySynced({ initialSyncState }: ExportedProfile['tables'][number]): boolean {
  return initialSyncState === 'Completed' || initialSyncState === 'CompletedWithFailures';
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
