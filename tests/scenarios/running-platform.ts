import { afterAll, beforeAll } from 'vitest';
import { destinationTypeOf } from '../../local/platform/destination-address.ts';
import type { Platform } from '../../local/platform/start-platform.ts';
import { organizationId } from '../../local/sign-ins.ts';
import { startScannedPlatform } from './scanned-platform.ts';
import { statementOn } from './stored-rows.ts';

/**
 * One platform for a test file, started before its tests and ended after them; to be called at the top of the file. The
 * file fails when anything that the app wrote holds a secret.
 */
export function runningPlatform(...options: Parameters<typeof startScannedPlatform>): () => Platform {
  let started: Awaited<ReturnType<typeof startScannedPlatform>> | undefined;
  beforeAll(async () => {
    started = await startScannedPlatform(...options);
  });
  afterAll(() => started?.end());
  return () => {
    if (!started) throw new Error('The platform is used before it was started.');
    return started.platform;
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
export function inDatabase<Row extends object>(
  { addresses }: Pick<Platform, 'addresses'>,
  statement: string,
): Promise<readonly Row[]> {
  return statementOn<Row>(addresses.database, statement);
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
    DestinationType: destinationTypeOf(addresses.destination),
    DestinationPrefix: '',
    DestinationSchemaName: 'dbo',
    Entities: tables.map((Type) => ({ Type, Settings: {} })),
    RetryPolicy: { MaxRetryCount: 1, IntervalInSeconds: 1, Backoff: 'Simple' },
    WriteDeleteLog: true,
    ...differences,
  };
}
