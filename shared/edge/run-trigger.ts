import type { InvocationContext } from '@azure/functions';
import { asServiceError } from '../errors.ts';
import type { Log } from '../ports/log.ts';

/**
 * Runs one queue message or timer tick: `work` says in a sentence what it did (nothing, when nothing was to do), and that
 * becomes one line of the log under the invocation's id. What it throws is logged and thrown on, so that a message at last
 * becomes poison.
 */
export async function runTrigger(
  context: Pick<InvocationContext, 'functionName' | 'invocationId'>,
  log: Log,
  work: () => Promise<string | undefined>,
): Promise<void> {
  const name = `${context.functionName} ${context.invocationId}`;
  try {
    const line = await work();
    if (line !== undefined) log.info(`${name}: ${line}`);
  } catch (thrown) {
    const error = asServiceError(thrown);
    const detail = error.code === 'INTERNAL' && thrown instanceof Error ? thrown.stack : error.message;
    log.error(`${name} failed: ${error.code}: ${detail}`);
    throw thrown;
  }
}
