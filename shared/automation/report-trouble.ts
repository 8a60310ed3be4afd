import { errorCodes } from '../error-codes.ts';
import { asServiceError, messageWithCure } from '../errors.ts';
import type { AutomationPorts } from './automation-ports.ts';

/**
 * Logs trouble that the next run meets again or not: a warning when it passes by itself, else an error. A defect of ours
 * is thrown on, so that the host sees it.
 */
export function reportTrouble(
  consequence: string,
  error: unknown,
  ports: Pick<AutomationPorts, 'log'>,
): void {
  const known = asServiceError(error);
  if (known.code === 'INTERNAL') throw error;
  const line = `${consequence}: ${messageWithCure(known)}`;
  if (errorCodes[known.code].retry === 'timed') ports.log.warn(line);
  else ports.log.error(line);
}
