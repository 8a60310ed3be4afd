import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { type Program, startProgram } from '../../local/platform/start-program.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));

/** Runs `fixture-functions` in the local host; what it writes lies in `folder`, as `notes` and `host.log`. */
export function startFixtureHost(
  folder: string,
  environment: Record<string, string>,
  more: string[] = [],
): Promise<Program> {
  const hostJson = join(folder, 'host.json');
  writeFileSync(
    hostJson,
    JSON.stringify({
      extensions: {
        http: { routePrefix: 'api' },
        queues: { maxDequeueCount: 3, visibilityTimeout: '00:00:01', maxPollingInterval: '00:00:00.400' },
      },
    }),
  );
  return startProgram({
    name: 'host',
    file: join(project, 'local/host/main.ts'),
    args: [
      ...['--path', join(project, 'tests/local/fixture-functions')],
      ...['--host-json', hostJson, '--queue-lease-seconds', '2'],
      ...more,
    ],
    environment: {
      PATH: process.env.PATH,
      AzureWebJobsStorage: inject('storage'),
      NOTES: join(folder, 'notes'),
      TICK_SCHEDULE: '0 0 5 31 12 *',
      ...environment,
    },
    logFile: join(folder, 'host.log'),
  });
}

/** Everything that is answered to exactly these characters until the connection closes; they should ask for that. */
export function rawAnswer(url: string, sent: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => socket.write(sent));
    socket.on('data', (part) => parts.push(part)).once('error', reject);
    socket.once('close', () => resolve(Buffer.concat(parts).toString()));
  });
}
