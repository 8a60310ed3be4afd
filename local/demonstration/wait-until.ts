import { setTimeout as sleep } from 'node:timers/promises';

const pollMilliseconds = 250;

/** Asks again and again until there is an answer; after `seconds` the error says what was waited for. */
export async function waitUntil<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  { seconds, signal }: { readonly seconds: number; readonly signal: AbortSignal },
): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > end)
      throw new Error(`Cannot go on: waited ${seconds} seconds until ${what}, in vain.`);
    await sleep(pollMilliseconds, undefined, { signal });
  }
}
