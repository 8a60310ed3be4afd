import { setTimeout as sleep } from 'node:timers/promises';
import { jsonClient } from '../local/demonstration/json-client.ts';
import { narrator } from '../local/demonstration/narrator.ts';
import { openStage, type Stage } from '../local/demonstration/stage.ts';
import { isSynced } from '../local/demonstration/watch-initial-sync.ts';
import { quickTimings } from '../local/platform/app-environment.ts';
import { withTemporaryPlatform } from '../local/platform/temporary-platform.ts';
import { organizationId } from '../local/sign-ins.ts';
import { settingsSchema } from '../shared/settings-schema.ts';

/** Settings of a real environment, wherever those of the local platform are quicker. */
export const presets: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(quickTimings).map((name) => [
    name,
    String(settingsSchema.shape[name as keyof typeof quickTimings].parse(undefined)),
  ]),
);

/** A platform with the app on fresh data, open to be called, and the call of the organization's simulator. */
export type Bench = Stage & { readonly folder: string; readonly simulator: ReturnType<typeof jsonClient> };

/** Gives a bench for so many minutes at most; `environment` overrides the presets of a real environment. */
export async function withBench(
  options: Partial<Parameters<typeof withTemporaryPlatform>[0]> & { readonly minutes: number },
  use: (bench: Bench) => Promise<void>,
): Promise<void> {
  const signal = AbortSignal.timeout(options.minutes * 60_000);
  const environment = { ...presets, ...options.environment };
  await withTemporaryPlatform({ rows: 100, ...options, environment, signal }, async (platform, folder) => {
    const stage = openStage(platform, narrator(), signal);
    const simulator = jsonClient({ url: platform.addresses.dataverse, signal });
    await use({ ...stage, folder, simulator });
    await stage.database.close();
  });
}

const rowsACall = 50_000;

export async function makeRows({ simulator }: Bench, table: string, count: number): Promise<void> {
  for (let made = 0; made < count; made += rowsACall)
    await simulator('POST', '/simulator/rows', {
      body: { table, count: Math.min(rowsACall, count - made), seed: 7 },
    });
}

/** Copies of a table of some thirty columns, with so many rows each; resolves to their names. */
export async function makeTables(bench: Bench, count: number, rows: number): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, index) => `sample_${`${index + 1}`.padStart(3, '0')}`);
  for (const copyAs of names) {
    await bench.simulator('POST', '/simulator/schema', { body: { table: 'team', copyAs } });
    await makeRows(bench, copyAs, rows);
  }
  return names;
}

/** Requests that the organization has got so far, by method and route. */
export async function requestCounts({
  simulator,
}: Pick<Bench, 'simulator'>): Promise<ReadonlyMap<string, number>> {
  const { requests } = (await simulator('GET', '/simulator')) as { requests: Record<string, number> };
  return new Map(Object.entries(requests));
}

/** What came since an earlier count. */
export function countedSince(
  before: ReadonlyMap<string, number>,
  now: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const grown = [...now].map(([route, count]) => [route, count - (before.get(route) ?? 0)] as const);
  return new Map(grown.filter(([, count]) => count > 0));
}

export const sumOf = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((a, b) => a + b, 0);

/** A profile of these tables that is created and not yet active; resolves to its id. */
export async function createProfile(
  { exporter, platform }: Stage,
  tables: readonly string[],
  differences: object = {},
): Promise<string> {
  const { Id } = await exporter.create({
    Name: 'Bench',
    OrganizationId: organizationId,
    DestinationType: 'PostgreSql',
    DestinationKeyVaultUri: `${platform.addresses.keyvault}/secrets/reporting`,
    Entities: tables.map((Type) => ({ Type })),
    WriteDeleteLog: true,
    ...differences,
  });
  return Id;
}

/** Activates it and waits until every table has its rows; `watch` is called about once a second with the rows so far. */
export async function loadProfile(
  { exporter, signal }: Stage,
  id: string,
  watch: (rows: number) => void = () => {},
): Promise<{ readonly rows: number; readonly seconds: number }> {
  await exporter.activate(id);
  for (;;) {
    // No oftener: the status of a few hundred tables is work for the app.
    await sleep(1000, undefined, { signal });
    const { Entities, ActivationTime = '' } = await exporter.profile(id);
    const rows = Entities.reduce((sum, { Status }) => sum + (Status?.SuccessNotifications ?? 0), 0);
    watch(rows);
    if (!Entities.every(isSynced)) continue;
    const ends = Entities.map((table) => Date.parse(table.InitialSyncDataCompletedTime ?? ''));
    return { rows, seconds: (Math.max(...ends) - Date.parse(ActivationTime)) / 1000 };
  }
}
