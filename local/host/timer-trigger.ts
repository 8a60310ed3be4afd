import { setTimeout as sleep } from 'node:timers/promises';
import { Cron } from 'croner';
import type { RegisteredFunction, RetryOptions } from './functions-core.ts';
import type { Invocation } from './invoke-function.ts';

export type TimerTrigger = { stop(): void; running(): readonly Promise<unknown>[]; fire(): void };

/**
 * Fires a function by an NCRONTAB expression of six fields (UTC). Runs of one timer never overlap: what comes due
 * meanwhile is left out. Errors are for `invoke` to log; the retry option of the function is obeyed.
 */
export function startTimerTrigger(
  target: RegisteredFunction,
  schedule: string,
  options: { runOnStartup: boolean },
  invoke: (invocation: Invocation) => Promise<unknown>,
): TimerTrigger {
  let last = new Date(0);
  let run: Promise<unknown> | undefined;
  const fire = () => {
    run ??= runWithRetries(target.retryOptions, (retryContext) =>
      invoke({ input: timerInfo(), retryContext }),
    ).finally(() => {
      last = new Date();
      run = undefined;
    });
  };
  const timerInfo = () => ({
    json: JSON.stringify({
      Schedule: { AdjustForDST: true },
      ScheduleStatus: { Last: last, LastUpdated: last, Next: cron.nextRun() },
      IsPastDue: false,
    }),
  });
  const cron = new Cron(readSchedule(target.name, schedule), cronOptions, fire);
  if (options.runOnStartup) fire();
  return { stop: () => cron.stop(), running: () => (run ? [run] : []), fire };
}

/** In NCRONTAB day-of-month and weekday must both match; plain cron takes either. */
const cronOptions = { mode: '5-or-6-parts', domAndDow: true, timezone: 'UTC' } as const;

function readSchedule(functionName: string, schedule: string): string {
  const hasSixFields = schedule.trim().split(/\s+/).length === 6;
  if (!hasSixFields || /[?LW#@]/i.test(schedule.replaceAll(/jul|wed/gi, ''))) {
    throw new Error(
      `Cannot start timer "${functionName}": schedule "${schedule}" is no NCRONTAB expression; six fields without ? L W # @ are expected.`,
    );
  }
  return schedule;
}

async function runWithRetries(
  retry: RetryOptions | undefined,
  run: (retryContext: { retryCount: number; maxRetryCount: number }) => Promise<unknown>,
): Promise<void> {
  const maxRetryCount = retry?.maxRetryCount ?? 0;
  for (let retryCount = 0; ; retryCount++) {
    try {
      await run({ retryCount, maxRetryCount });
      return;
    } catch {
      if (!retry || (retryCount >= maxRetryCount && maxRetryCount !== -1)) return;
      await sleep(delaySeconds(retry, retryCount) * 1000);
    }
  }
}

function delaySeconds(retry: RetryOptions, retryCount: number): number {
  const seconds = (duration: { readonly seconds?: number | string } | undefined) =>
    Number(duration?.seconds ?? 0);
  if (retry.retryStrategy === 'fixedDelay') return seconds(retry.delayInterval);
  return Math.min(seconds(retry.minimumInterval) * 2 ** retryCount, seconds(retry.maximumInterval));
}
