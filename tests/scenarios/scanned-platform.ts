import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Addresses, addressesFor } from '../../local/platform/addresses.ts';
import { findFreePortBase } from '../../local/platform/free-ports.ts';
import { type Platform, type PlatformOptions, startPlatform } from '../../local/platform/start-platform.ts';
import { leaksInDestination, leaksOnDisk } from './leak-scan.ts';

/** Settings of the app that differ from the platform's own; they may depend on its addresses. */
export type Environment = Readonly<Record<string, string>>;
export type EnvironmentAt = Environment | ((addresses: Addresses) => Promise<Environment>);

/**
 * A platform on fresh data and free ports. `end` stops it, forgets its data, and fails when anything that the app wrote holds a
 * secret; of a destination that others use, too, only `schema` is searched.
 */
export async function startScannedPlatform(
  environment: EnvironmentAt = {},
  {
    schema,
    ...more
  }: Partial<Pick<PlatformOptions, 'rows' | 'queueLeaseSeconds' | 'destination'>> & {
    readonly schema?: string;
  } = {},
): Promise<{ readonly platform: Platform; readonly end: () => Promise<void> }> {
  const data = mkdtempSync(join(tmpdir(), 'scenario-'));
  const forget = () => rmSync(data, { recursive: true, force: true });
  try {
    // PostgreSQL's account may be another one, and has to pass.
    chmodSync(data, 0o755);
    const portBase = await findFreePortBase();
    const own = typeof environment === 'function' ? await environment(addressesFor(portBase)) : environment;
    const platform = await startPlatform({
      ...{ portBase, data, rows: 1000, from: 'sources', environment: own },
      ...more,
    });
    const end = async () => {
      try {
        const { stop, addresses } = platform;
        const inDestination = await leaksInDestination(data, addresses.database, schema).finally(stop);
        const leaks = [...inDestination, ...leaksOnDisk(data)];
        if (leaks.length > 0)
          throw new Error(`The app wrote secrets: ${JSON.stringify(leaks, undefined, 2)}`);
      } finally {
        forget();
      }
    };
    return { platform, end };
  } catch (error) {
    forget();
    throw error;
  }
}
