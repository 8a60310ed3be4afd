import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Platform } from '../local/platform/start-platform.ts';
import { type Program, startProgram } from '../local/platform/start-program.ts';

const hostProgram = fileURLToPath(new URL('../local/host/main.ts', import.meta.url));

/** Everything that runs without being called; it would share the machine with what is measured. */
const backgroundFunctions = [
  ...[
    'timer-ingest-failures',
    'timer-poll-status',
    'timer-purge',
    'timer-reconcile',
    'timer-start-delta-syncs',
  ],
  ...[
    'queue-sync-table',
    'queue-retry-row',
    'queue-retouch-row',
    'queue-verify-row',
    'queue-tell-ticket',
    'queue-run-operation',
  ].flatMap((name) => [name, `${name}-poison`]),
];

/** Settings that leave only what answers requests. */
export const onlyHttp: Readonly<Record<string, string>> = Object.fromEntries(
  backgroundFunctions.map((name) => [`AzureWebJobs.${name}.Disabled`, 'true']),
);

/** A bundle in the local host, beside the platform's own app and with its settings, except for those given. */
export function startApp(
  name: string,
  bundle: string,
  { environment }: Platform,
  folder: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Program> {
  return startProgram({
    name,
    file: hostProgram,
    args: ['--from', 'bundle', '--path', bundle],
    environment: { ...environment, ...more },
    logFile: join(folder, `logs/${name}.log`),
  });
}
