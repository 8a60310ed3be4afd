import type { InvocationContext } from '@azure/functions';
import type { Log } from '../ports/log.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { runTrigger } from './run-trigger.ts';

/** Runs one tick of a timer, and tells that it came to its end: an alert misses those that do not. */
export async function runTimer(
  context: Pick<InvocationContext, 'functionName' | 'invocationId'>,
  { log, telemetry }: { readonly log: Log; readonly telemetry: Telemetry },
  work: () => Promise<unknown>,
): Promise<void> {
  await runTrigger(context, log, work);
  telemetry.event('timer.run.completed', { timer: context.functionName });
}
