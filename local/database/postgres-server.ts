import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { placeServer } from './place-server.ts';

export const superuser = { name: 'postgres', password: 'postgres' };

export type PostgresServer = {
  readonly exited: Promise<number | null>;
  stop(): Promise<void>;
};

const startAttempts = 20;

/**
 * A server on 127.0.0.1 with its data in `folder`, made on first use. Recovers what a killed server left: its
 * orphaned processes are waited for, its stale pid file is put away. `isDurable: false` trades safety for speed.
 */
export async function startPostgresServer(options: {
  port: number;
  folder: string;
  isDurable: boolean;
  log(line: string): void;
}): Promise<PostgresServer> {
  const { port, isDurable, log } = options;
  const place = await placeServer(options.folder);
  if (!existsSync(join(place.folder, 'PG_VERSION'))) await createCluster(place, log);
  const flags = Object.entries(settings(isDurable)).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const args = ['-D', place.folder, '-p', `${port}`, ...flags];

  for (let attempt = 1; ; attempt++) {
    await endLeftover(place.folder);
    const child = spawn(place.postgres, args, {
      ...place.account,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: plainEnvironment(),
    });
    const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
    const outcome = await Promise.race([becomesReady(child, log), exited.then(() => 'ended' as const)]);
    if (outcome === 'ready') {
      const stop = async () => {
        // SIGINT is "fast": it breaks connections off and still writes a checkpoint.
        child.kill('SIGINT');
        await exited;
      };
      return { exited, stop };
    }
    if (attempt === startAttempts) {
      throw new Error(
        `Cannot start PostgreSQL on port ${port}: the server ended (code ${child.exitCode}); its log says why.`,
      );
    }
    // Processes of a killed server hold its shared memory for a moment.
    await sleep(250);
  }
}

/** Durable is PostgreSQL's own preset: a commit is on disk. Otherwise nothing needs to outlive the server. */
function settings(isDurable: boolean): Record<string, string> {
  return {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    lc_messages: 'C',
    max_connections: '60',
    shared_buffers: '128MB',
    max_wal_size: '2GB',
    wal_level: 'minimal',
    max_wal_senders: '0',
    ...(isDurable ? {} : { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' }),
  };
}

async function createCluster(
  place: Awaited<ReturnType<typeof placeServer>>,
  log: (line: string) => void,
): Promise<void> {
  const { folder, account } = place;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  mkdirSync(folder, { mode: 0o700 });
  const passwordFile = join(tmpdir(), `pg-${crypto.randomUUID()}`);
  writeFileSync(passwordFile, superuser.password, { mode: 0o600 });
  if (account.uid !== undefined && account.gid !== undefined) {
    chownSync(folder, account.uid, account.gid);
    chownSync(passwordFile, account.uid, account.gid);
  }
  const args = [
    `--pgdata=${folder}`,
    '--auth=scram-sha-256',
    `--username=${superuser.name}`,
    `--pwfile=${passwordFile}`,
  ];
  const options = ['--encoding=UTF8', '--locale=C', '--no-sync'];
  try {
    const child = spawn(place.initdb, [...args, ...options], {
      ...account,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: plainEnvironment(),
    });
    child.stderr?.on('data', (text: Buffer) => log(text.toString().trimEnd()));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0)
      throw new Error(`Cannot create a PostgreSQL cluster in ${folder}: initdb ended with code ${code}.`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

function becomesReady(child: ChildProcess, log: (line: string) => void): Promise<'ready'> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.stderr?.on('data', (text: Buffer) => {
      log(text.toString().trimEnd());
      if (text.includes('database system is ready to accept connections')) resolve('ready');
    });
  });
}

/**
 * Ends a server that still runs on this folder, and removes a pid file that names a process of somebody else:
 * after a restart of the machine or container that number may be anyone's, and PostgreSQL would refuse to start.
 */
async function endLeftover(folder: string): Promise<void> {
  const pidFile = join(folder, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  if (!isServerOf(pid, folder)) return rmSync(pidFile, { force: true });
  process.kill(pid, 'SIGINT');
  for (let waits = 0; isServerOf(pid, folder); waits++) {
    if (waits === 50) process.kill(pid, 'SIGKILL');
    await sleep(100);
  }
}

function isServerOf(pid: number, folder: string): boolean {
  try {
    process.kill(pid, 0);
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return commandLine.includes('postgres') && commandLine.includes(folder);
  } catch (error) {
    // Without /proc (macOS) a living process has to be taken for the server.
    return (error as NodeJS.ErrnoException).path?.startsWith('/proc') === true && !existsSync('/proc/self');
  }
}

function plainEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH ?? '', TZ: 'UTC', LC_ALL: 'C' };
}
