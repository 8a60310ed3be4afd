import { appendFile } from 'node:fs/promises';
import type { Log } from '../../ports/log.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { eventParts } from './event-parts.ts';

/** Appends each event as a line of JSON: `time`, `name`, `properties`, `measurements`. Trouble is logged once. */
export function fileTelemetry(path: string, log: Log): Telemetry {
  let writing: Promise<void> = Promise.resolve();
  let isReported = false;
  return {
    event(name, data) {
      const line = JSON.stringify({ time: new Date().toISOString(), name, ...eventParts(name, data) });
      // One after the other, so that the file keeps their order.
      writing = writing
        .then(() => appendFile(path, `${line}\n`))
        .catch(() => {
          if (!isReported)
            log.warn(`Cannot write telemetry to "${path}": events are lost until it can be written.`);
          isReported = true;
        });
    },
  };
}
