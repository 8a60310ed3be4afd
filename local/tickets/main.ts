import { parseArgs } from 'node:util';
import { runServer } from '../run-server.ts';
import { startTickets } from './start-tickets.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '7083' },
    file: { type: 'string', default: '.local/tickets/tickets.json' },
    'app-url': { type: 'string', default: 'http://127.0.0.1:7071' },
  },
});

await runServer(() =>
  startTickets({ port: Number(values.port), file: values.file, appUrl: values['app-url'] }),
);
