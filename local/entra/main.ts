import { parseArgs } from 'node:util';
import { runServer } from '../run-server.ts';
import { startEntra } from './start-entra.ts';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '0' }, 'keys-file': { type: 'string' } },
});
const keysFile = values['keys-file'];

await runServer(() => startEntra({ port: Number(values.port), ...(keysFile ? { keysFile } : {}) }));
