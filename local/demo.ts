import { runDemonstration } from './demonstration/run-demonstration.ts';
import { readDemoFlags } from './platform/start-flags.ts';
import { withTemporaryPlatform } from './platform/temporary-platform.ts';

const longestSeconds = 240;

/** `npm run demo`: the demonstration on fresh data. Exit 0 when the failed rows are healed, 1 and the reason otherwise. */
async function demo(): Promise<void> {
  const flags = readDemoFlags(process.argv.slice(2));
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => stopping.abort(new Error(`Stopped by ${signal}.`)));
  const late = new Error(`Cannot finish the demonstration: ${longestSeconds} seconds have passed.`);
  const timer = setTimeout(() => stopping.abort(late), longestSeconds * 1000);
  console.log('Starting the local platform on fresh data ...');
  try {
    await withTemporaryPlatform({ ...flags, signal: stopping.signal }, async (platform) => {
      const over = new AbortController();
      platform.died.then(() => over.abort());
      const signal = AbortSignal.any([stopping.signal, over.signal]);
      await runDemonstration(platform, { forever: false, signal });
    });
  } finally {
    clearTimeout(timer);
  }
}

try {
  await demo();
  process.exit(0);
} catch (error) {
  const { message, cause } = error as Error;
  console.error(cause === undefined ? message : `\n${message}`);
  if (cause) console.error(`\nThe app's log ended with:\n${cause}`);
  process.exit(1);
}
