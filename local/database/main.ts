import { parseArgs } from 'node:util';
import { runServer } from '../run-server.ts';
import { startDatabase } from './start-database.ts';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '0' }, folder: { type: 'string' } },
});

await runServer(async () => {
  const folder = values.folder ? { folder: values.folder } : {};
  const database = await startDatabase({ port: Number(values.port), ...folder, log: console.error });
  let isClosing = false;
  database.exited.then((code) => {
    if (isClosing) return;
    console.error(`PostgreSQL ended by itself (code ${code}).`);
    process.exit(1);
  });
  return {
    url: database.url,
    close() {
      isClosing = true;
      return database.close();
    },
  };
});
