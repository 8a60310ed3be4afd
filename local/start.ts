import { setTimeout as sleep } from 'node:timers/promises';
import { runDemonstration } from './demonstration/run-demonstration.ts';
import { readStartFlags } from './platform/start-flags.ts';
import { type Platform, startPlatform } from './platform/start-platform.ts';
import { welcomeText } from './platform/welcome-text.ts';

const echoMilliseconds = 250;

/** `npm start`: the whole platform and its demonstration until Ctrl-C (exit 0) or until a part dies (exit 1). */
async function start(): Promise<number> {
  const flags = readStartFlags(process.argv.slice(2));
  const stopping = new AbortController();
  let platform: Platform | undefined;
  let firstSignalAt: number | undefined;
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        firstSignalAt ??= performance.now();
        // One Ctrl-C may reach us twice, from the terminal and from npm.
        if (signal === 'SIGINT' && performance.now() - firstSignalAt > echoMilliseconds) {
          platform?.killAll();
          process.exit(130);
        }
        resolve('interrupted');
        stopping.abort(new Error('Stopped before everything had started.'));
      });
    }
  });

  console.log('Starting the local platform ...');
  try {
    platform = await startPlatform({ ...flags, signal: stopping.signal });
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    console.log('Stopped before everything had started.');
    return 0;
  }
  console.log(welcomeText(platform, flags));

  const demonstration = flags.hasDemonstration
    ? runDemonstration(platform, { forever: true, signal: stopping.signal })
    : Promise.resolve();
  const failed = new Promise<unknown>((resolve) => demonstration.catch(resolve));
  const end = await Promise.race([interrupted, platform.died, failed]);
  if (end === 'interrupted') console.log('\nStopping ... (Ctrl-C again kills)');
  // A part that dies breaks connections first: the demonstration may notice it before we do.
  const death = await Promise.race([platform.died, end === 'interrupted' ? undefined : sleep(500)]);
  await platform.stop();
  if (end === 'interrupted') {
    console.log('Stopped. "npm start" goes on from here.');
    return 0;
  }
  if (death) {
    const how = death.exit.signal
      ? `was killed (${death.exit.signal})`
      : `ended by itself (exit ${death.exit.code})`;
    console.error(`\nStopped everything: ${death.name} ${how}; its log is ${death.logFile}.`);
  } else {
    console.error(
      `\nStopped everything: the demonstration failed: ${end instanceof Error ? end.message : end}`,
    );
  }
  return 1;
}

try {
  process.exit(await start());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
