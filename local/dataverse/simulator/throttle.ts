import { randomBytes, randomUUID } from 'node:crypto';
import { DataverseError } from '../errors.ts';
import type { Switches } from './switches.ts';

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
type Limit = keyof typeof throttleErrors;

/** What one web server has seen of one user. */
type Window = {
  /** Of each request: when it came, and how long it took once it has ended. */
  requests: { at: number; milliseconds: number }[];
  /** Of all of them. */
  milliseconds: number;
  concurrent: number;
  /** A user over the requests or the time is refused until then. */
  blockedUntil: number;
  blockedBy: Limit;
  /** In a row. */
  refusals: number;
};

/** Seven minutes are on record, after a burst of 128 workers. */
const longestRetryAfterSeconds = 427;
const usualRetryAfterSeconds = 30;

/** The header, as seconds or as an HTTP date. */
export function retryAfter(seconds: number, { retryAfterForm }: Switches): Record<string, string> {
  const date = () => new Date(Math.ceil(Date.now() / 1000 + seconds) * 1000).toUTCString();
  return { 'Retry-After': retryAfterForm === 'date' ? date() : String(seconds) };
}

/**
 * Service protection: each user has windows of their own on each of the web servers. Requests and execution time are summed
 * up over a sliding window; requests in progress are counted apart. Who goes on while they are refused waits longer.
 */
export function throttle(switches: Switches) {
  const windows = new Map<string, Window>();
  const refused: Record<Limit, number> = { requests: 0, time: 0, concurrency: 0 };
  const cookies: string[] = [];
  let turn = 0;

  function windowOf(user: string, server: number): Window {
    const key = `${user} ${server}`;
    const window: Window = windows.get(key) ?? {
      requests: [],
      milliseconds: 0,
      concurrent: 0,
      blockedUntil: 0,
      blockedBy: 'requests',
      refusals: 0,
    };
    windows.set(key, window);
    const start = Date.now() - switches.limitWindowSeconds * 1000;
    while ((window.requests[0]?.at ?? start) < start)
      window.milliseconds -= window.requests.shift()?.milliseconds ?? 0;
    return window;
  }

  /** A server for a request: the cookie's, else the next one. */
  function serverFor(cookie: string | undefined): number {
    const affinity = /(?:^|; )ARRAffinity=([0-9a-f]+)/.exec(cookie ?? '')?.[1];
    const known = affinity === undefined ? -1 : cookies.indexOf(affinity);
    if (known !== -1 && known < switches.webServers) return known;
    turn = (turn + 1) % switches.webServers;
    return turn;
  }

  function cookiesOf(server: number): string[] {
    while (cookies.length <= server) cookies.push(randomBytes(64).toString('hex'));
    return [
      `ARRAffinity=${cookies[server]}; path=/; secure; HttpOnly`,
      `ReqClientId=${randomUUID()}; expires=Thu, 01-Jan-2076 00:00:00 GMT; path=/; secure; HttpOnly`,
    ];
  }

  function refuse(window: Window, limit: Limit, seconds: number): never {
    const { requestLimit, executionTimeLimitSeconds, concurrencyLimit, limitWindowSeconds } = switches;
    const words = {
      requests: () => throttleErrors.requests(requestLimit, limitWindowSeconds),
      time: () => throttleErrors.time(executionTimeLimitSeconds * 1000, limitWindowSeconds),
      concurrency: () => throttleErrors.concurrency(concurrencyLimit),
    };
    window.refusals++;
    refused[limit]++;
    const [code, message] = words[limit]();
    throw new DataverseError(429, code, message, retryAfter(seconds, switches));
  }

  /** Refuses until the window has room again, 30 seconds at most, and a second longer for each request meanwhile. */
  function block(window: Window, limit: 'requests' | 'time'): never {
    const now = Date.now();
    if (now >= window.blockedUntil) {
      const oldest = window.requests[0]?.at ?? now;
      const room = oldest + switches.limitWindowSeconds * 1000 - now;
      window.blockedUntil = now + Math.min(Math.max(room, 1000), usualRetryAfterSeconds * 1000);
    } else window.blockedUntil = Math.min(window.blockedUntil + 1000, now + longestRetryAfterSeconds * 1000);
    window.blockedBy = limit;
    refuse(window, limit, Math.ceil((window.blockedUntil - now) / 1000));
  }

  return {
    serverFor,
    cookiesOf,
    /** Lets in again who is refused: limits have changed. */
    unblock(): void {
      for (const window of windows.values()) window.blockedUntil = 0;
    },

    /** Lets a request in, or throws the 429 of the limit that it exceeds. The result must be called when it ends. */
    enter(user: string, server: number): () => void {
      const window = windowOf(user, server);
      const { requestLimit, executionTimeLimitSeconds, concurrencyLimit } = switches;
      if (Date.now() < window.blockedUntil) block(window, window.blockedBy === 'time' ? 'time' : 'requests');
      if (window.requests.length >= requestLimit) block(window, 'requests');
      if (window.milliseconds >= executionTimeLimitSeconds * 1000) block(window, 'time');
      if (window.concurrent >= concurrencyLimit)
        refuse(window, 'concurrency', Math.min(window.refusals + 1, usualRetryAfterSeconds));
      const request = { at: Date.now(), milliseconds: 0 };
      window.requests.push(request);
      window.concurrent++;
      window.refusals = 0;
      const started = performance.now();
      return () => {
        window.concurrent--;
        request.milliseconds = performance.now() - started;
        window.milliseconds += request.milliseconds;
      };
    },

    /** The headers that tell a client what is left; the time has a thousands separator, as captured. */
    headers(user: string, server: number): Record<string, string> {
      const window = windowOf(user, server);
      const { executionTimeLimitSeconds, requestLimit } = switches;
      const seconds = Math.max(0, executionTimeLimitSeconds - window.milliseconds / 1000);
      return {
        'x-ms-ratelimit-burst-remaining-xrm-requests': String(
          Math.max(0, requestLimit - window.requests.length),
        ),
        'x-ms-ratelimit-time-remaining-xrm-requests': seconds.toLocaleString('en-US', {
          minimumFractionDigits: 2,
          maximumFractionDigits: 2,
        }),
      };
    },

    /** How many requests were refused, and what each server has seen of each user. */
    state: () => ({
      refused,
      windows: Object.fromEntries(
        [...windows].map(([key, window]) => [key, { ...window, requests: window.requests.length }]),
      ),
    }),
  };
}
