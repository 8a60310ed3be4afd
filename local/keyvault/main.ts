import { parseArgs } from 'node:util';
import { runServer } from '../run-server.ts';
import { sampleSecrets } from './sample-secrets.ts';
import { startKeyVault } from './start-keyvault.ts';

/** The destination comes by the environment, because arguments of a process can be read by everyone. */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    folder: { type: 'string', default: '.local/keyvault' },
    'entra-url': { type: 'string', default: 'http://127.0.0.1:7081' },
  },
});
const destination = process.env.DESTINATION;

await runServer(() =>
  startKeyVault({
    port: Number(values.port),
    folder: values.folder,
    entraUrl: values['entra-url'],
    ...(destination ? { initialSecrets: sampleSecrets(destination) } : {}),
  }),
);
