import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';

/**
 * Azurite in this process. It prints a line for each of its three servers; the last of them makes us ready.
 * Without `--folder` everything stays in memory.
 */
const { values } = parseArgs({
  options: {
    'blob-port': { type: 'string', default: '0' },
    'queue-port': { type: 'string', default: '0' },
    'table-port': { type: 'string', default: '0' },
    folder: { type: 'string' },
  },
});

const requireOfAzurite = createRequire(createRequire(import.meta.url).resolve('azurite/package.json'));
saveOften();
announceReady();
process.argv.splice(
  2,
  Number.POSITIVE_INFINITY,
  ...['--blobHost', '127.0.0.1', '--blobPort', values['blob-port']],
  ...['--queueHost', '127.0.0.1', '--queuePort', values['queue-port']],
  ...['--tableHost', '127.0.0.1', '--tablePort', values['table-port']],
  ...['--skipApiVersionCheck', '--disableTelemetry', '--silent'],
  ...(values.folder ? ['--location', values.folder] : ['--inMemoryPersistence']),
);
requireOfAzurite('./dist/src/azurite.js');

/** Azurite saves what changed every 5 seconds, and a `kill -9` loses the rest: a quarter of a second is enough to lose. */
function saveOften(): void {
  const { prototype } = requireOfAzurite('lokijs') as {
    prototype: { autosaveInterval: number; autosaveEnable(...args: unknown[]): unknown };
  };
  const { autosaveEnable } = prototype;
  prototype.autosaveEnable = function (...args) {
    this.autosaveInterval = 250;
    return autosaveEnable.apply(this, args);
  };
}

function announceReady(): void {
  const write = console.log;
  const urls: string[] = [];
  console.log = (...args: unknown[]) => {
    const url = /successfully listening at (\S+)/.exec(String(args[0]))?.[1];
    if (url) urls.push(url);
    write(...args);
    if (url && urls.length === 3) write(`ready ${urls.join(',')}`);
  };
}
