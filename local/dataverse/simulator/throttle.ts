import { DataverseError } from '../errors.ts';
import type { Switches } from './switches.ts';

type Window = {
  startedAt: number;
  requests: number;
  milliseconds: number;
  concurrent: number;
  refusals: number;
};

export const throttleErrors = {
  requests: (limit: number, seconds: number) =>
    [
      '0x80072322',
      `Number of requests exceeded the limit of ${limit} over time window of ${seconds} seconds.`,
    ] as const,
  time: (limitMilliseconds: number, seconds: number) =>
    [
      '0x80072321',
      `Combined execution time of incoming requests exceeded limit of ${limitMilliseconds.toLocaleString('en-US')} milliseconds over time window of ${seconds} seconds. Decrease number of concurrent requests or reduce the duration of requests and try again later.`,
    ] as const,
  concurrency: (limit: number) =>
    ['0x80072326', `Number of concurrent requests exceeded the limit of ${limit}.`] as const,
};

/**
 * Service protection for each user on one server: a fixed window counts requests and execution time, and requests in
 * progress are counted apart. A client that goes on while it is refused waits longer each time.
 */
export function throttle(switches: Switches) {
  const windows = new Map<string, Window>();

  function windowOf(user: string): Window {
    const now = Date.now();
    const known = windows.get(user);
    if (known && now - known.startedAt < switches.limitWindowSeconds * 1000) return known;
    const made = {
      startedAt: now,
      requests: 0,
      milliseconds: 0,
      refusals: 0,
      concurrent: known?.concurrent ?? 0,
    };
    windows.set(user, made);
    return made;
  }

  function refuse(
    window: Window,
    [code, message]: readonly [string, string],
    retryAfterSeconds: number,
  ): never {
    window.refusals++;
    throw new DataverseError(429, code, message, { 'Retry-After': String(retryAfterSeconds) });
  }

  return {
    /** Lets a request in, or throws the 429 of the limit that it exceeds. The result must be called when it ends. */
    enter(user: string): () => void {
      const window = windowOf(user);
      const { requestLimit, executionTimeLimitSeconds, concurrencyLimit, limitWindowSeconds } = switches;
      const left = Math.ceil((window.startedAt + limitWindowSeconds * 1000 - Date.now()) / 1000);
      const wait = Math.max(1, Math.min(left, 30 + window.refusals));
      if (window.requests >= requestLimit)
        refuse(window, throttleErrors.requests(requestLimit, limitWindowSeconds), wait);
      if (window.milliseconds >= executionTimeLimitSeconds * 1000)
        refuse(window, throttleErrors.time(executionTimeLimitSeconds * 1000, limitWindowSeconds), wait);
      if (window.concurrent >= concurrencyLimit)
        refuse(window, throttleErrors.concurrency(concurrencyLimit), 1);
      window.requests++;
      window.concurrent++;
      const started = performance.now();
      return () => {
        const current = windowOf(user);
        current.concurrent--;
        current.milliseconds += performance.now() - started;
      };
    },

    /** The headers that tell a client what is left; the time has a thousands separator, as captured. */
    headers(user: string): Record<string, string> {
      const window = windowOf(user);
      const seconds = Math.max(0, switches.executionTimeLimitSeconds - window.milliseconds / 1000);
      return {
        'x-ms-ratelimit-burst-remaining-xrm-requests': String(
          Math.max(0, switches.requestLimit - window.requests),
        ),
        'x-ms-ratelimit-time-remaining-xrm-requests': seconds.toLocaleString('en-US', {
          minimumFractionDigits: 2,
          maximumFractionDigits: 2,
        }),
      };
    },
    state: () => Object.fromEntries(windows),
  };
}
