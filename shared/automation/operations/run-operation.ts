import { errorCodes } from '../../error-codes.ts';
import { asServiceError, messageWithCure } from '../../errors.ts';
import { isEnded, type Operation } from '../../model/operation.ts';
import type { RunOperationItem } from '../../model/work-item.ts';
import { secondsAfter } from '../failure-life.ts';
import { beginningOf } from '../reason-text.ts';
import { ignoreFailures, retryFailures } from './change-failures.ts';
import { activateProfile, createProfile, deactivateProfile } from './change-profile.ts';
import type { OperationPorts, Progress } from './operation-ports.ts';
import { retouchFailures } from './retouch-failures.ts';

/** In a row, in vain: with growing delays they take about an hour. */
export const mostTries = 10;

const firstDelaySeconds = 30;
const greatestDelaySeconds = 600;

/**
 * Works on an operation, and goes on with what another message has begun. What may pass is tried again with growing delays,
 * and fails at last; what is refused fails at once, in the words of whoever refused it. A message that arrives twice does no
 * harm, and one of an operation that is over only tells its end again. Only defects throw.
 */
export async function runOperation({ operationId }: RunOperationItem, ports: OperationPorts): Promise<void> {
  const begun = await ports.operations.update(operationId, (operation) =>
    isEnded(operation)
      ? undefined
      : { ...operation, state: 'running', dueAt: ports.clock.now().toISOString() },
  );
  if (begun === undefined) return;
  if (isEnded(begun)) return tellTicket(begun, ports);
  const { attempts, ...progress } = await workOn(begun, ports);
  await save(begun, progress, attempts, ports);
}

/** One more try in vain: later again, or for ever failed. */
export function inVain(operation: Operation, reason: string, leastSeconds = 0) {
  const attempts = (operation.attempts ?? 0) + 1;
  if (attempts >= mostTries)
    return { state: 'failed', message: `Was given up after ${attempts} tries. ${reason}`, attempts } as const;
  const delay = Math.min(firstDelaySeconds * 2 ** (attempts - 1), greatestDelaySeconds);
  const againInSeconds = Math.max(delay, leastSeconds);
  return { state: 'running', message: `Goes on later. ${reason}`, attempts, againInSeconds } as const;
}

/** Writes down how it stands before the next message is sent, or before the ticket is told; an operation that is over stays. */
export async function save(
  { id }: Operation,
  progress: Progress,
  attempts: number,
  ports: OperationPorts,
): Promise<void> {
  const now = ports.clock.now();
  const { state, rows, profileId } = progress;
  // Whoever refuses may do so at any length; a record holds so much.
  const message = beginningOf(progress.message);
  const again = progress.state === 'running' ? progress.againInSeconds : 0;
  let isMine = false;
  const saved = await ports.operations.update(id, (operation) => {
    isMine = !isEnded(operation);
    if (!isMine) return undefined;
    const changedAt = now.toISOString();
    const known = { ...operation, state, message, attempts, changedAt, dueAt: secondsAfter(now, again) };
    return { ...known, rows: rows ?? operation.rows, profileId: profileId ?? operation.profileId };
  });
  if (!isMine || !saved) return;
  if (!isEnded(saved)) return ports.queues.runOperation.send({ operationId: id }, again);
  const { request, rows: counts = {} } = saved;
  ports.telemetry.event('automation.operation.completed', {
    kind: request.kind,
    state,
    seconds: (now.getTime() - Date.parse(saved.requestedAt)) / 1000,
    rows: Object.values(counts).reduce((sum, count) => sum + count, 0),
  });
  await tellTicket(saved, ports);
}

async function tellTicket(operation: Operation, { onOperationEnded }: OperationPorts): Promise<void> {
  if (operation.ticket) await onOperationEnded(operation);
}

async function workOn(operation: Operation, ports: OperationPorts) {
  try {
    return { ...(await progressOf(operation, ports)), attempts: 0 };
  } catch (caught) {
    const error = asServiceError(caught);
    if (error.code === 'INTERNAL') throw caught;
    const isRefusal = errorCodes[error.code].httpStatus < 500;
    if (isRefusal) return { state: 'failed', message: error.message, attempts: 0 } as const;
    ports.log.warn(`Operation "${operation.id}" goes on later: ${messageWithCure(error)}`);
    return inVain(operation, messageWithCure(error), error.retryAfterSeconds);
  }
}

function progressOf(operation: Operation, ports: OperationPorts): Promise<Progress> {
  const { request } = operation;
  switch (request.kind) {
    case 'create-profile':
      return createProfile(operation, request, ports);
    case 'activate-profile':
      return activateProfile(request.profileId, ports);
    case 'deactivate-profile':
      return deactivateProfile(request.profileId, ports);
    case 'ignore-failures':
      return ignoreFailures(operation, request, ports);
    case 'retry-failures':
      return retryFailures(operation, request, ports);
    case 'retouch-failures':
      return retouchFailures(operation, request.selection, ports);
  }
}
