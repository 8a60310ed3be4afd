import { setTimeout as sleep } from 'node:timers/promises';
import type { ProfileDetails, TableStatus } from './exporter-client.ts';
import { countOf, listOf, secondsOf } from './phrases.ts';
import { progressDisplay } from './progress-display.ts';
import type { Stage } from './stage.ts';

export type InitialSync = { readonly rows: number; readonly seconds: number };

const pollMilliseconds = 250;

/**
 * Act 3: a progress bar a table until every row is copied, and a count on both sides. Resolves to how fast it was, from
 * activation, or from `since` when that is later.
 */
export async function watchInitialSync(
  stage: Stage,
  profileId: string,
  expectedRows: ReadonlyMap<string, number>,
  since: Date,
): Promise<InitialSync> {
  const { narrator, exporter, signal } = stage;
  narrator.act('The initial sync');
  const display = progressDisplay(narrator, expectedRows);
  try {
    for (;;) {
      const profile = await exporter.profile(profileId);
      for (const table of profile.Entities) {
        const rows = table.Status?.SuccessNotifications ?? 0;
        display.show(table.Type, { rows, isDone: isSynced(table) });
      }
      if (profile.Entities.every(isSynced)) {
        display.stop();
        return await tellResult(stage, profile, expectedRows, since);
      }
      await sleep(pollMilliseconds, undefined, { signal });
    }
  } finally {
    display.stop();
  }
}

/** Whether the table's first copy is complete. */
export function isSynced({ Status }: TableStatus): boolean {
  return Status?.InitialSyncState === 'Completed' || Status?.InitialSyncState === 'CompletedWithFailures';
}

async function tellResult(
  { narrator, database }: Stage,
  profile: ProfileDetails,
  expectedRows: ReadonlyMap<string, number>,
  since: Date,
): Promise<InitialSync> {
  let rows = 0;
  const differing: string[] = [];
  for (const [table, expected] of expectedRows) {
    const count = await database.countRows(table);
    rows += count;
    if (count !== expected) differing.push(`${table} (${count} of ${expected})`);
  }
  const ends = profile.Entities.map((table) => Date.parse(table.InitialSyncDataCompletedTime ?? ''));
  const begin = Math.max(since.getTime(), Date.parse(profile.ActivationTime ?? ''));
  const seconds = (Math.max(...ends) - begin) / 1000;
  narrator.good(
    `${countOf(rows, 'row')} copied in ${secondsOf(seconds)}, from activation to the last table: ${countOf(Math.round(rows / seconds), 'row')} per second, all columns.`,
  );
  if (differing.length > 0)
    throw new Error(
      `Cannot confirm the initial sync: tables differ in their rows, ${listOf(differing)}; expected the same number on both sides.`,
    );
  narrator.good('Counted on both sides: every table has the same number of rows.');
  return { rows, seconds };
}
