import { asServiceError } from '../errors.ts';
import type { SyncPorts } from './sync-ports.ts';

/** Does a part of a timer's work, whose failure is logged and keeps none of the others from being done. */
export async function withoutStopping(
  doing: string,
  { log }: Pick<SyncPorts, 'log'>,
  act: () => Promise<void>,
): Promise<void> {
  try {
    await act();
  } catch (error) {
    log.error(`${doing}: ${asServiceError(error).message} The others go on.`);
  }
}
