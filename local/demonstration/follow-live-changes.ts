import { setTimeout as sleep } from 'node:timers/promises';
import type { MarkedChanges } from './marked-changes.ts';
import { percentile } from './percentile.ts';
import { secondsOf } from './phrases.ts';
import type { Stage } from './stage.ts';

/** Tables that the simulated people work in. The demonstration's own changes are in `account`. */
export const busyTables = ['contact', 'lead', 'opportunity', 'incident', 'task'];
const changesPerSecond = 10;
const timedChanges = 20;
const toldChanges = 6;
const pauseMilliseconds = [400, 1000] as const;

/** Act 4: people work, and some changes are timed on their way. Resolves to the seconds that each took. */
export async function followLiveChanges(
  { narrator, organization, signal }: Stage,
  changes: MarkedChanges,
): Promise<readonly number[]> {
  narrator.act('Live changes');
  await organization.startWorkload(changesPerSecond, busyTables);
  narrator.say(
    `People begin to work in the organization: ${changesPerSecond} changes a second (new, changed and deleted rows). On top, ${timedChanges} accounts get a new phone number, and each is timed until it is in the reporting database.`,
  );
  const arrivals: Promise<number>[] = [];
  const [shortest, longest] = pauseMilliseconds;
  for (let count = 1; count <= timedChanges; count += 1) {
    const arrival = changes.next().then(({ account, phone, lagSeconds }) => {
      if (count <= toldChanges)
        narrator.say(`${account.name}: ${phone} is there after ${secondsOf(lagSeconds)}`);
      if (count === toldChanges) narrator.say('... and so on.');
      return lagSeconds;
    });
    // Awaited below; until then a failure must not count as unhandled.
    arrival.catch(() => {});
    arrivals.push(arrival);
    // Uneven pauses, so that the changes do not keep step with the app's own rhythm.
    await sleep(shortest + Math.random() * (longest - shortest), undefined, { signal });
  }
  const lags = await Promise.all(arrivals);
  narrator.good(
    `From change to row: half of them within ${secondsOf(percentile(lags, 0.5))}, 95 of 100 within ${secondsOf(percentile(lags, 0.95))}.`,
  );
  return lags;
}
