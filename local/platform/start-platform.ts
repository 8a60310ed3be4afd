import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contosoTenantId, managedIdentity } from '../sign-ins.ts';
import { storageArgs, storageProgram } from '../storage/start-storage.ts';
import { type Addresses, addressesFor, portOf } from './addresses.ts';
import { appEnvironment } from './app-environment.ts';
import { type Children, type Death, superviseChildren } from './children.ts';
import { type DataFolder, openDataFolder } from './data-folder.ts';
import { checkPorts } from './free-ports.ts';
import type { ProgramOptions } from './start-program.ts';

/** What runs. Each is a program with its own log below `<data>/logs`. */
export type Part = 'app' | 'dataverse' | 'entra' | 'keyvault' | 'tickets' | 'storage' | 'database';

export type PlatformOptions = {
  readonly portBase: number;
  readonly data: string;
  readonly isFresh?: boolean;
  /** Sample rows in all. */
  readonly rows: number;
  /** Another database: a URL of PostgreSQL, or an ADO.NET connection string of SQL Server. The local PostgreSQL is not started then. */
  readonly destination?: string;
  /** The app of another local platform: ours is its automation, with a storage of its own and that platform's servers. */
  readonly exporterUrl?: string;
  readonly from: 'sources' | 'bundle';
  /** Settings of the app that differ from the platform's own. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Faster, and gone when storage ends: the storage that is kept saves all that it has four times a second. */
  readonly isStorageInMemory?: boolean;
  /** How long the message of a killed app stays hidden; shorter than anyone wants to wait by default. */
  readonly queueLeaseSeconds?: number;
  /** Aborting it kills what has been started. */
  readonly signal?: AbortSignal;
};

export type Platform = {
  readonly addresses: Addresses;
  /** The vault's authority, for clients other than the app. */
  readonly caFile: string;
  readonly telemetryFile: string;
  /** The settings that the app runs with. */
  readonly environment: Readonly<Record<string, string>>;
  /** The first part that ended without being asked to; it may never come. */
  readonly died: Promise<Death>;
  pid(part: Part): number;
  kill(part: Part, signal: NodeJS.Signals): void;
  restart(part: Part): Promise<void>;
  /** Ends every part within 10 seconds. */
  stop(): Promise<void>;
  /** Kills every part at once. */
  killAll(): void;
};

/** Longer than the queue lease of a killed app may last, shorter than anyone wants to wait. */
const presetLeaseSeconds = 10;
// Together below the 10 seconds that Ctrl-C may take.
const appGraceSeconds = 5.5;
const othersGraceSeconds = 3.5;

/**
 * Starts the whole platform: checks all ports before anything runs, then the servers side by side, then the app.
 * A second start on the same folder goes on where the first ended, however that was.
 */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const data = openDataFolder(resolve(options.data), { isFresh: options.isFresh ?? false });
  const children = superviseChildren();
  const abort = () => children.killAll();
  options.signal?.addEventListener('abort', abort);
  try {
    await checkPorts(options.portBase, data.wasKilled ? 9 : 0);
    const platform = describePlatform(options, data, children);
    const programs = programsOf(options, data, platform);
    options.signal?.throwIfAborted();
    await children.start(programs.filter(({ name }) => name !== 'app'));
    options.signal?.throwIfAborted();
    await children.start(programs.filter(({ name }) => name === 'app'));
    return platform;
  } catch (error) {
    children.killAll();
    await children.stop(allParts, 0);
    data.release();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', abort);
  }
}

const servers: readonly Part[] = ['dataverse', 'entra', 'keyvault', 'tickets', 'storage', 'database'];
const allParts: readonly Part[] = ['app', ...servers];

function describePlatform(options: PlatformOptions, data: DataFolder, children: Children): Platform {
  const addresses = addressesFor(options.portBase, options.destination, options.exporterUrl);
  const caFile = data.path('keyvault/ca.pem');
  const telemetryFile = data.path('app/telemetry.jsonl');
  const exporterUrl = options.exporterUrl ? { exporterUrl: options.exporterUrl } : {};
  const environment = {
    ...appEnvironment(addresses, { caFile, telemetryFile, ...exporterUrl }),
    ...options.environment,
  };
  return {
    ...{ addresses, caFile, telemetryFile, environment },
    died: children.died,
    pid: children.pid,
    kill: children.kill,
    restart: children.restart,
    async stop() {
      await children.stop(['app'], appGraceSeconds);
      await children.stop(servers, othersGraceSeconds);
      data.release();
    },
    killAll: children.killAll,
  };
}

function programsOf(
  options: PlatformOptions,
  data: DataFolder,
  { addresses, environment }: Platform,
): ProgramOptions[] {
  const port = (name: Parameters<typeof portOf>[1]) => portOf(options.portBase, name);
  const program = (name: Part, args: readonly (string | number)[], more: Partial<ProgramOptions> = {}) => ({
    name,
    file: fileURLToPath(new URL(`../${name === 'app' ? 'host' : name}/main.ts`, import.meta.url)),
    args: args.map(String),
    logFile: data.path(`logs/${name}.log`),
    ...more,
  });
  const storagePorts = { blob: port('blob'), queue: port('queue'), table: port('table') };
  const storageFolder = options.isStorageInMemory ? undefined : data.path('storage');
  const programs = [
    program('entra', ['--port', port('entra'), '--keys-file', data.path('entra/keys.json')]),
    program(
      'keyvault',
      ['--port', port('keyvault'), '--folder', data.path('keyvault'), '--entra-url', addresses.entra],
      {
        environment: { ...process.env, DESTINATION: addresses.destination },
      },
    ),
    program('tickets', [
      ...['--port', port('tickets'), '--file', data.path('tickets/tickets.json')],
      ...['--app-url', addresses.app],
    ]),
    program('storage', storageArgs(storagePorts, storageFolder), { file: storageProgram }),
    ...(options.destination
      ? []
      : [program('database', ['--port', port('database'), '--folder', data.path('database')])]),
    program('dataverse', [
      ...['--port', port('dataverse'), '--file', data.path('dataverse/organization.sqlite')],
      ...['--entra-url', addresses.entra, '--tenant', contosoTenantId, '--rows', options.rows],
      ...['--managed-identity-client-id', managedIdentity.clientId],
    ]),
    program(
      'app',
      [
        '--port',
        port('app'),
        '--from',
        options.from,
        '--queue-lease-seconds',
        options.queueLeaseSeconds ?? presetLeaseSeconds,
      ],
      {
        environment,
      },
    ),
  ];
  if (options.exporterUrl === undefined) return programs;
  return programs.filter(({ name }) => name === 'app' || name === 'storage');
}
