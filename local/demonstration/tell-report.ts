import type { Healing } from './heal-rows.ts';
import { percentile } from './percentile.ts';
import { countOf, secondsOf } from './phrases.ts';
import type { Stage } from './stage.ts';
import type { InitialSync } from './watch-initial-sync.ts';

/** What was measured. `initialSync` is absent when an earlier start had done it. */
export type DemonstrationReport = {
  readonly initialSync?: InitialSync;
  readonly lagSeconds: { readonly p50: number; readonly p95: number; readonly changes: number };
  readonly healing: Healing;
};

export function reportOf(
  initialSync: InitialSync | undefined,
  lags: readonly number[],
  healing: Healing,
): DemonstrationReport {
  return {
    ...(initialSync && { initialSync }),
    lagSeconds: { p50: percentile(lags, 0.5), p95: percentile(lags, 0.95), changes: lags.length },
    healing,
  };
}

/** The last act: the figures together. */
export function tellReport({ narrator }: Stage, report: DemonstrationReport): void {
  const { initialSync, lagSeconds, healing } = report;
  narrator.act('Report');
  const lines: [string, string][] = [
    [
      'initial sync',
      initialSync
        ? `${countOf(Math.round(initialSync.rows / initialSync.seconds), 'row')} per second (${countOf(initialSync.rows, 'row')} in ${secondsOf(initialSync.seconds)})`
        : 'done by an earlier start',
    ],
    [
      'change to row',
      `p50 ${secondsOf(lagSeconds.p50)}, p95 ${secondsOf(lagSeconds.p95)} (${countOf(lagSeconds.changes, 'change')})`,
    ],
    ['failures', `${healing.found} found, ${healing.healed} healed`],
    ['cure to healed', secondsOf(healing.secondsFromCure)],
  ];
  for (const [name, value] of lines) narrator.say(`${name.padEnd(16)}${value}`);
}
