import type { InvocationContext } from '@azure/functions';
import { asServiceError } from '../errors.ts';
import type { Log } from '../ports/log.ts';

/**
 * Runs one queue message or timer tick: a sentence that `work` resolves to becomes one line of the log
 * under the invocation's id. What it throws is logged and thrown on, so that a message at last
 * becomes poison.
 */
export async function runTrigger(
  context: Pick<InvocationContext, 'functionName' | 'invocationId'>,
  log: Log,
  work: () => Promise<unknown>,
): Promise<void> {
  const name = `${context.functionName} ${context.invocationId}`;
  try {
    const line = await work();
    if (typeof line === 'string') log.info(`${name}: ${line}`);
  } catch (thrown) {
    const error = asServiceError(thrown);
    const detail = error.code === 'INTERNAL' && thrown instanceof Error ? thrown.stack : error.message;
    log.error(`${name} failed: ${error.code}: ${detail}`);
    throw thrown;
  }
}
