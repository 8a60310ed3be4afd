import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { forgetServer } from './database/place-server.ts';
import { runDemonstration } from './demonstration/run-demonstration.ts';
import { findFreePortBase } from './platform/free-ports.ts';
import { type Platform, startPlatform } from './platform/start-platform.ts';

const longestSeconds = 240;
const fewestRows = 100;
const mostRows = 1_000_000;

/** `npm run demo`: the demonstration on fresh data and free ports. Exit 0 when the failed rows are healed, 1 and the reason otherwise. */
async function demo(): Promise<number> {
  const rows = readRows(process.argv.slice(2));
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => stopping.abort(new Error(`Stopped by ${signal}.`)));
  const timer = setTimeout(
    () =>
      stopping.abort(new Error(`Cannot finish the demonstration: ${longestSeconds} seconds have passed.`)),
    longestSeconds * 1000,
  );

  const data = mkdtempSync(join(tmpdir(), 'demonstration-'));
  // PostgreSQL may run as another account, which has to pass through.
  chmodSync(data, 0o755);
  const portBase = await findFreePortBase();
  let platform: Platform | undefined;
  try {
    console.log('Starting the local platform on fresh data ...');
    platform = await startPlatform({ portBase, data, rows, from: 'sources', signal: stopping.signal });
    const aborted = new Promise<never>((_, reject) => {
      stopping.signal.addEventListener('abort', () => reject(stopping.signal.reason));
    });
    const died = platform.died.then(({ name, exit }) => {
      throw new Error(`Cannot go on: ${name} ended (${exit.signal ?? `exit ${exit.code}`}).`);
    });
    await Promise.race([
      runDemonstration(platform, { forever: false, signal: stopping.signal }),
      aborted,
      died,
    ]);
    return 0;
  } catch (error) {
    console.error(`\n${error instanceof Error ? error.message : error}`);
    if (platform) tellLog(data);
    return 1;
  } finally {
    clearTimeout(timer);
    stopping.abort(new Error('The demonstration is over.'));
    await platform?.stop();
    removeData(data);
  }
}

function readRows(args: readonly string[]): number {
  const { values } = parseArgs({ args: [...args], options: { rows: { type: 'string', default: '20000' } } });
  const rows = Number(values.rows);
  if (/^\d+$/.test(values.rows) && rows >= fewestRows && rows <= mostRows) return rows;
  throw new Error(
    `Cannot start: --rows must be a whole number from ${fewestRows} to ${mostRows}, received "${values.rows}".`,
  );
}

/** The last lines of the app's log: the folder is about to be removed. */
function tellLog(data: string): void {
  const file = join(data, 'logs/app.log');
  if (!existsSync(file)) return;
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-20);
  console.error(`\nThe app's log ended with:\n${lines.join('\n')}`);
}

/** PostgreSQL may have been placed elsewhere, where an account that is not root can enter. */
function removeData(data: string): void {
  forgetServer(join(data, 'database'));
  rmSync(data, { recursive: true, force: true, maxRetries: 3 });
}

try {
  process.exit(await demo());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
