import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { forgetServer } from '../database/place-server.ts';
import type { Death } from './children.ts';
import { findFreePortBase } from './free-ports.ts';
import { type Platform, type PlatformOptions, startPlatform } from './start-platform.ts';

const toldLogLines = 20;
const deathIsKnownAfterMilliseconds = 500;

/**
 * A platform on fresh data and free ports for one purpose; when that ends, however it does, nothing of it is left. Fails
 * at once when a part dies or the signal is aborted, and then with the last lines of the app's log in `cause`.
 */
export async function withTemporaryPlatform<T>(
  options: Pick<PlatformOptions, 'rows' | 'environment' | 'isStorageInMemory' | 'destination'> &
    Partial<Pick<PlatformOptions, 'from'>> & { readonly signal: AbortSignal },
  use: (platform: Platform, folder: string) => Promise<T>,
): Promise<T> {
  const { signal } = options;
  const data = mkdtempSync(join(tmpdir(), 'demonstration-'));
  // PostgreSQL may run as another account, which has to pass through.
  chmodSync(data, 0o755);
  let platform: Platform | undefined;
  try {
    platform = await startPlatform({
      from: 'sources',
      ...options,
      portBase: await findFreePortBase(),
      data,
    });
    const aborted = new Promise<never>((_, reject) => {
      const abort = () => reject(signal.reason);
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort, { once: true });
    });
    const died = platform.died.then((death) => Promise.reject(new Error(deathText(death))));
    return await Promise.race([use(platform, data), aborted, died]);
  } catch (error) {
    // A part that dies breaks connections first: what they fail with is not the reason.
    const late = sleep(deathIsKnownAfterMilliseconds, undefined);
    const death = platform && (await Promise.race([platform.died, late]));
    const reason = death ? deathText(death) : error instanceof Error ? error.message : String(error);
    throw new Error(reason, { cause: lastLines(data) });
  } finally {
    await platform?.stop();
    removeData(data);
  }
}

function deathText({ name, exit }: Death): string {
  return `Cannot go on: ${name} ended (${exit.signal ?? `exit ${exit.code}`}).`;
}

function lastLines(data: string): string {
  const file = join(data, 'logs/app.log');
  if (!existsSync(file)) return '';
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-toldLogLines).join('\n');
}

function removeData(data: string): void {
  forgetServer(join(data, 'database'));
  rmSync(data, { recursive: true, force: true, maxRetries: 3 });
}
