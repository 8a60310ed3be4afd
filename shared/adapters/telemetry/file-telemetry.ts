import { appendFile } from 'node:fs/promises';
import type { Log } from '../../ports/log.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { eventParts, metricParts } from './telemetry-parts.ts';

/**
 * Appends each event as a line of JSON: `time`, `name`, `properties`, `measurements`; and each metric as one with `value`
 * instead of `measurements`. Trouble is logged once.
 */
export function fileTelemetry(path: string, log: Log): Telemetry {
  let writing: Promise<void> = Promise.resolve();
  let isReported = false;

  function append(parts: object): void {
    const line = JSON.stringify({ time: new Date().toISOString(), ...parts });
    // One after the other, so that the file keeps their order.
    writing = writing
      .then(() => appendFile(path, `${line}\n`))
      .catch(() => {
        if (!isReported)
          log.warn(`Cannot write telemetry to "${path}": what is told is lost until it can be written.`);
        isReported = true;
      });
  }

  return {
    event: (name, data) => append({ name, ...eventParts(name, data) }),
    metric: (name, value, properties) => append({ name, ...metricParts(name, value, properties) }),
  };
}
