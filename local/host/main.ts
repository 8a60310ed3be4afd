import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runServer } from '../run-server.ts';
import { readHostSettings } from './host-settings.ts';
import { listFunctions } from './list-functions.ts';
import { type FunctionsSource, loadFunctions } from './load-functions.ts';
import { startHost } from './start-host.ts';

/** `--path` names another folder or bundle than the project's own; `--list` prints the functions as JSON and ends. */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    from: { type: 'string', default: 'sources' },
    path: { type: 'string' },
    'host-json': { type: 'string' },
    'queue-lease-seconds': { type: 'string', default: '600' },
    list: { type: 'boolean', default: false },
  },
});
const project = fileURLToPath(new URL('../..', import.meta.url));

function functionsSource(): FunctionsSource {
  if (values.from === 'sources')
    return { from: 'sources', path: resolve(values.path ?? join(project, 'functions')) };
  if (values.from === 'bundle')
    return { from: 'bundle', path: resolve(values.path ?? join(project, 'dist/app.cjs')) };
  throw new Error(`Cannot start the host: --from is "${values.from}"; sources or bundle is expected.`);
}

await runServer(async () => {
  const functions = await loadFunctions(functionsSource());
  if (values.list) {
    console.log(JSON.stringify(listFunctions(functions), null, 2));
    process.exit(0);
  }
  return startHost({
    port: Number(values.port),
    functions,
    settings: readHostSettings(values['host-json'] ?? join(project, 'host.json')),
    environment: process.env,
    queueLeaseSeconds: Number(values['queue-lease-seconds']),
  });
});
