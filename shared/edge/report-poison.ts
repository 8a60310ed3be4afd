import type { Log } from '../ports/log.ts';
import type { Telemetry } from '../ports/telemetry.ts';

/**
 * A message that failed again and again. It holds ids only, so the log may show it; an alert follows from the event.
 * Nothing is lost with it: the watchdog starts its table again, and open failures are planned anew.
 */
export async function reportPoison(
  queue: string,
  message: unknown,
  ports: { readonly log: Log; readonly telemetry: Telemetry },
): Promise<void> {
  const text = JSON.stringify(message)?.slice(0, 500);
  ports.telemetry.event('queue.message.poisoned', { queue });
  ports.log.error(`A message of queue "${queue}" was given up after several tries: ${text}`);
}
