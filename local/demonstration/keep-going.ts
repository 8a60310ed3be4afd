import { setTimeout as sleep } from 'node:timers/promises';
import { isOpen } from '../../shared/model/failure.ts';
import type { MarkedChanges } from './marked-changes.ts';
import { percentile } from './percentile.ts';
import { countOf, secondsOf } from './phrases.ts';
import type { Stage } from './stage.ts';

const statusEverySeconds = 10;
const changeEverySeconds = 2;
const keptLags = 30;

/** Goes on with the workload until the signal, with a quiet line of status. */
export async function keepGoing(stage: Stage, profileId: string, changes: MarkedChanges): Promise<void> {
  const { narrator, signal } = stage;
  narrator.act('And so on, until Ctrl-C');
  narrator.say(
    `People go on working, and every ${changeEverySeconds} seconds a change is timed. Look around meanwhile: the addresses and sign-ins are above.`,
  );
  const lags: number[] = [];
  const trouble: unknown[] = [];
  for (let seconds = changeEverySeconds; !signal.aborted; seconds += changeEverySeconds) {
    changes.next().then(
      ({ lagSeconds }) => void (lags.push(lagSeconds) > keptLags && lags.shift()),
      (error: unknown) => void trouble.push(error),
    );
    await sleep(changeEverySeconds * 1000, undefined, { signal }).catch(() => {});
    if (seconds % statusEverySeconds !== 0 || signal.aborted) continue;
    const status = await statusLine(stage, profileId, lags).catch(
      (error: unknown) => void trouble.push(error),
    );
    if (status !== undefined) narrator.status(status);
    const [error] = trouble.splice(0);
    if (error !== undefined && !signal.aborted)
      narrator.bad(error instanceof Error ? error.message : String(error));
  }
}

async function statusLine(
  { exporter, ledger }: Stage,
  profileId: string,
  lags: readonly number[],
): Promise<string> {
  const { Entities } = await exporter.profile(profileId);
  const copied = Entities.reduce((sum, { Status }) => sum + (Status?.SuccessNotifications ?? 0), 0);
  const waiting = (await ledger.failures(profileId)).filter(({ state }) => isOpen(state)).length;
  const lag =
    lags.length === 0
      ? 'no change has arrived yet'
      : `change to row p50 ${secondsOf(percentile(lags, 0.5))}, p95 ${secondsOf(percentile(lags, 0.95))}`;
  return `${countOf(copied, 'row')} written so far; ${lag}; ${countOf(waiting, 'failure')} waiting`;
}
