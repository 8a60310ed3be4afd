import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type Pool } from 'pg';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type Database, startDatabase } from '../../local/database/start-database.ts';
import { type Entra, startEntra } from '../../local/entra/start-entra.ts';
import { managedIdentity } from '../../local/sign-ins.ts';
import { accessTokens } from '../../shared/adapters/entra/access-tokens.ts';
import { appCredential } from '../../shared/adapters/entra/app-credential.ts';
import { inTransaction, openPool } from '../../shared/adapters/postgres/connection.ts';
import { postgresDestinations } from '../../shared/adapters/postgres/destination.ts';
import { systemClock } from '../../shared/adapters/system/system-clock.ts';
import type { AccessTokens } from '../../shared/ports/access-tokens.ts';
import { serveTls, turnTls } from '../database-tls.ts';
import { trustAuthority } from '../trust-authority.ts';

const resource = 'https://ossrdbms-aad.database.windows.net';
const folder = mkdtempSync(join(tmpdir(), 'entra-login-'));
let trust: () => void;
let distrust: () => void;
const limits = { connections: 2, connectTimeoutMilliseconds: 20_000, queryTimeoutMilliseconds: 20_000 };
let entra: Entra;
let database: Database;
let admin: Client;
let tokens: AccessTokens;
const pools: Pool[] = [];

beforeAll(async () => {
  [entra, database] = await Promise.all([startEntra({ port: 0 }), startDatabase()]);
  admin = new Client({ connectionString: database.url });
  await admin.connect();
  await admin.query('CREATE ROLE identity LOGIN');
  await admin.query('GRANT CONNECT, TEMPORARY ON DATABASE reporting TO identity');
  const caFile = await serveTls(admin, folder);
  trust = () => {
    distrust = trustAuthority(caFile);
  };
  trust();
  vi.stubEnv('IDENTITY_ENDPOINT', `${entra.url}/msi/token`);
  vi.stubEnv('IDENTITY_HEADER', managedIdentity.header);
  tokens = accessTokens({ credential: appCredential({ hasManagedIdentity: true }), clock: systemClock() });
});
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(pools.splice(0).map((pool) => pool.end()));
});
afterAll(async () => {
  distrust();
  vi.unstubAllEnvs();
  await admin.end();
  await Promise.all([entra.close(), database.close()]);
  rmSync(folder, { recursive: true });
});

/** The server takes this token and no other, as Azure's does by the token's signature. */
async function letIn(token: string): Promise<void> {
  await admin.query(`ALTER ROLE identity PASSWORD ${admin.escapeLiteral(token)}`);
}

function open(host: string, query = '', hosts = [`${host}:${new URL(database.url).port}`]): Pool {
  const { port } = new URL(database.url);
  const url = `postgresql://identity@${host}:${port}/reporting?authentication=entra${query}`;
  const pool = openPool(url, limits, { tokens, hosts });
  pools.push(pool);
  return pool;
}

/** Over a connection of its own, made now. */
async function login(pool: Pool) {
  return inTransaction(pool, 'look', async (client) => {
    const look = `SELECT session_user AS login, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`;
    return (await client.query<{ login: string; ssl: boolean }>(look)).rows[0];
  });
}

test.each(['localhost', '127.0.0.1'])(
  "the app's identity logs in to %s with its token, over TLS",
  async (host) => {
    await letIn(await tokens.forResource(resource));
    expect(await login(open(host))).toEqual({ login: 'identity', ssl: true });
  },
);

test('the end of the certificate is seen on a connection over TLS, and on no other', async () => {
  await letIn(await tokens.forResource(resource));
  const { port } = new URL(database.url);
  const hosts = [`localhost:${port}`];
  const url = `postgresql://identity@localhost:${port}/reporting?authentication=entra`;
  const place = { schema: 'dbo', prefix: '' };
  const secured = postgresDestinations({ tokens, hosts }).open(url, place);
  const plain = postgresDestinations().open(database.url, place);
  const ends = await secured.certificateEndsAt();
  expect(ends?.getTime()).toBeGreaterThan(Date.now());
  expect(await plain.certificateEndsAt()).toBeUndefined();
  await Promise.all([secured.close(), plain.close()]);
});

test('connections made after the token has ended are made with a new one', async () => {
  const pool = open('localhost');
  const first = await tokens.forResource(resource);
  await letIn(first);
  await inTransaction(pool, 'keep the first connection', async () => {
    // The identity library keeps tokens too, and looks at the same clock.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 56 * 60_000 });
    await expect(login(pool)).rejects.toMatchObject({ code: 'DESTINATION_LOGIN_FAILED' });
    const second = await tokens.forResource(resource);
    expect(second).not.toBe(first);
    await letIn(second);
    expect(await login(pool)).toEqual({ login: 'identity', ssl: true });
  });
});

test.each(['', '&sslmode=prefer', '&sslmode=require'])(
  'a server whose certificate is not trusted gets no token (%s)',
  async (query) => {
    const asked = vi.spyOn(tokens, 'forResource');
    distrust();
    try {
      const failed = login(open('localhost', query));
      await expect(failed).rejects.toMatchObject({ code: 'DESTINATION_UNREACHABLE' });
      expect(asked).not.toHaveBeenCalled();
    } finally {
      trust();
      asked.mockRestore();
    }
  },
);

test('a server without TLS gets no token', async () => {
  const asked = vi.spyOn(tokens, 'forResource');
  await turnTls(admin, 'off');
  try {
    await expect(login(open('localhost'))).rejects.toMatchObject({ code: 'DESTINATION_UNREACHABLE' });
    expect(asked).not.toHaveBeenCalled();
  } finally {
    await turnTls(admin, 'on');
    asked.mockRestore();
  }
});
