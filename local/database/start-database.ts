import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { listenOnLoopback } from '../loopback-server.ts';
import { type PostgresServer, startPostgresServer, superuser } from './postgres-server.ts';

export const databaseName = 'reporting';
const destinationSchema = 'dbo';
/** The app's login: it owns the destination schema and nothing else. */
export const exporterLogin = { name: 'exporter', password: 'exporter' };

export type Database = {
  /** Address with the superuser's login, for people and tests. */
  readonly url: string;
  /** Address with the app's login. */
  readonly exporterUrl: string;
  /** Resolves when the server has ended, for whatever reason. */
  readonly exited: Promise<number | null>;
  close(): Promise<void>;
};

export type DatabaseOptions = {
  /** 0 takes a free one. */
  port?: number;
  /** Kept between starts, and safe against `kill -9`. Without it: a temporary folder, removed by `close`, without fsync. */
  folder?: string;
  log?(line: string): void;
};

/** A real PostgreSQL with database `reporting`, schema `dbo` and both logins. Also runs when started by root. */
export async function startDatabase(options: DatabaseOptions = {}): Promise<Database> {
  const port = options.port || (await freePort());
  const temporaryFolder = options.folder ? undefined : makeTemporaryFolder();
  const folder = options.folder ?? join(temporaryFolder as string, 'data');
  const isDurable = temporaryFolder === undefined;
  const server = await startPostgresServer({ port, folder, isDurable, log: options.log ?? (() => {}) });
  try {
    await prepareDatabase(databaseUrl(port, superuser));
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    url: databaseUrl(port, superuser),
    exporterUrl: databaseUrl(port, exporterLogin),
    exited: server.exited,
    close: () => close(server, temporaryFolder),
  };
}

function databaseUrl(port: number, { name, password }: { name: string; password: string }): string {
  return `postgres://${name}:${password}@127.0.0.1:${port}/${databaseName}`;
}

function makeTemporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'reporting-'));
  // The server's account may be another one, and has to pass.
  chmodSync(folder, 0o755);
  return folder;
}

async function close(server: PostgresServer, temporaryFolder: string | undefined): Promise<void> {
  await server.stop();
  if (temporaryFolder) rmSync(temporaryFolder, { recursive: true, force: true });
}

/**
 * Makes the database of this address, which has a superuser's login, with its schema and the app's login. Every step may have
 * been done before, or left undone by a killed start.
 */
export async function prepareDatabase(url: string): Promise<void> {
  await withClient(Object.assign(new URL(url), { pathname: '/postgres' }).href, async (client) => {
    if (!(await exists(client, 'pg_roles WHERE rolname', exporterLogin.name))) {
      await client.query(`CREATE ROLE ${exporterLogin.name} LOGIN PASSWORD '${exporterLogin.password}'`);
    }
    if (!(await exists(client, 'pg_database WHERE datname', databaseName))) {
      await client.query(`CREATE DATABASE ${databaseName}`);
    }
    await client.query(`REVOKE ALL ON DATABASE ${databaseName} FROM PUBLIC`);
    await client.query(`GRANT CONNECT, TEMPORARY ON DATABASE ${databaseName} TO ${exporterLogin.name}`);
  });
  await withClient(url, async (client) => {
    await client.query(
      `CREATE SCHEMA IF NOT EXISTS ${destinationSchema} AUTHORIZATION ${exporterLogin.name}`,
    );
  });
}

async function exists(client: Client, where: string, value: string): Promise<boolean> {
  const { rowCount } = await client.query(`SELECT 1 FROM ${where} = $1`, [value]);
  return rowCount === 1;
}

async function withClient(connectionString: string, use: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOnLoopback(server, 0);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
