import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Addresses, addressesFor } from '../../local/platform/addresses.ts';
import { findFreePortBase } from '../../local/platform/free-ports.ts';
import { type Platform, type PlatformOptions, startPlatform } from '../../local/platform/start-platform.ts';
import { organizationId } from '../../local/sign-ins.ts';
import { leaksInDestination, leaksOnDisk } from './leak-scan.ts';

type Environment = Readonly<Record<string, string>>;

/**
 * One platform for a test file, started before its tests and ended after them; to be called at the top of the file. The
 * file fails when anything that the app wrote holds a secret.
 */
export function runningPlatform(
  environment: Environment | ((addresses: Addresses) => Promise<Environment>) = {},
  more: Partial<Pick<PlatformOptions, 'rows' | 'queueLeaseSeconds'>> = {},
): () => Platform {
  let platform: Platform | undefined;
  let data: string;
  beforeAll(async () => {
    data = mkdtempSync(join(tmpdir(), 'scenario-'));
    // PostgreSQL's account may be another one, and has to pass.
    chmodSync(data, 0o755);
    const portBase = await findFreePortBase();
    const own = typeof environment === 'function' ? await environment(addressesFor(portBase)) : environment;
    platform = await startPlatform({
      ...{ portBase, data, rows: 1000, from: 'sources', environment: own },
      ...more,
    });
  });
  afterAll(async () => {
    try {
      if (!platform) return;
      const { stop, addresses } = platform;
      const leaks = await leaksInDestination(data, addresses.database).finally(stop);
      expect([...leaks, ...leaksOnDisk(data)]).toEqual([]);
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  });
  return () => {
    if (!platform) throw new Error('The platform is used before it was started.');
    return platform;
  };
}

/** A call of the simulator beside the organization; fails unless it is answered with success. */
export async function simulator<T = unknown>(
  { addresses }: Pick<Platform, 'addresses'>,
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path = '',
  body?: object,
): Promise<T> {
  const response = await fetch(`${addresses.dataverse}/simulator${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`The simulator refused ${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text) as T;
}

/** Statements with the login of people: on the reporting database, or another one of the same server. */
export async function inDatabase<Row extends object>(
  { addresses }: Pick<Platform, 'addresses'>,
  statement: string,
): Promise<readonly Row[]> {
  const client = new Client({ connectionString: addresses.database });
  await client.connect();
  try {
    return (await client.query<Row>(statement)).rows;
  } finally {
    await client.end();
  }
}

/** What a client sends to create a profile of these tables, quick to retry; to be overridden where a test differs. */
export function profileBody(
  { addresses }: Pick<Platform, 'addresses'>,
  tables: readonly string[],
  differences: object = {},
) {
  return {
    Name: `Reporting ${tables.join(' ')}`,
    OrganizationId: organizationId,
    DestinationKeyVaultUri: `${addresses.keyvault}/secrets/reporting`,
    DestinationType: 'PostgreSql',
    DestinationPrefix: '',
    DestinationSchemaName: 'dbo',
    Entities: tables.map((Type) => ({ Type, Settings: {} })),
    RetryPolicy: { MaxRetryCount: 1, IntervalInSeconds: 1, Backoff: 'Simple' },
    WriteDeleteLog: true,
    ...differences,
  };
}
