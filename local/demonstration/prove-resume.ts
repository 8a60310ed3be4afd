import type { ProfileDetails } from './exporter-client.ts';
import { countOf } from './phrases.ts';
import type { Stage } from './stage.ts';

/**
 * Act 3 of a second start: nothing is copied again. A new initial load would move the time at which each table's load
 * was completed.
 */
export async function proveResume(stage: Stage, profile: ProfileDetails, startedAt: Date): Promise<void> {
  const { narrator, database } = stage;
  narrator.act('No second initial sync');
  let total = 0;
  let written = 0;
  for (const { Type } of profile.Entities) {
    total += await database.countRows(Type);
    written += await database.countWrittenSince(Type, startedAt);
  }
  const { Entities } = await stage.exporter.profile(profile.Id);
  const isAgain = ({ InitialSyncDataCompletedTime: time }: (typeof Entities)[number]) =>
    time === undefined || Date.parse(time) >= startedAt.getTime();
  const repeated = Entities.filter(isAgain).map(({ Type }) => Type);
  if (repeated.length > 0)
    throw new Error(`Cannot resume: tables were loaded again (${repeated.join(', ')}); expected none.`);
  narrator.good(
    `The tables were loaded by an earlier start and go on from there: ${countOf(written, 'row')} of ${total.toLocaleString('en')} in the reporting database ${written === 1 ? 'has' : 'have'} been written since this start.`,
  );
}
