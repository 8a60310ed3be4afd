import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { RunningDataverse } from '../../local/dataverse/start-dataverse.ts';
import { startDataverse } from '../../local/dataverse/start-dataverse.ts';
import type { Platform } from '../../local/platform/start-platform.ts';
import { contosoTenantId, managedIdentity } from '../../local/sign-ins.ts';
import { runningPlatform } from './running-platform.ts';

/** The id that the secret `reporting-other-organization` is tagged for. */
export const northwindId = 'bbbbbbbb-0000-4000-8000-000000000001';

/** People that only the tests know, by Entra object id. */
export const people = {
  /** Administrator of Contoso by a team. */
  team: 'aaaaaaaa-0000-4000-8000-0000000000a1',
  /** Disabled in Contoso. */
  disabled: 'aaaaaaaa-0000-4000-8000-0000000000a2',
  /** Administrator of Northwind, an ordinary user of Contoso. */
  visitor: 'aaaaaaaa-0000-4000-8000-0000000000a3',
  /** Member of nothing. */
  stranger: 'aaaaaaaa-0000-4000-8000-0000000000a4',
} as const;

export interface TwoOrganizations extends Platform {
  readonly northwind: string;
  stopNorthwind(): Promise<void>;
  startNorthwind(): Promise<void>;
}

/**
 * A platform whose app serves Contoso, where the administrator of the platform is no stranger, and Northwind, which this
 * process simulates and where they are. To be called at the top of a test file.
 */
export function twoOrganizations(): () => TwoOrganizations {
  const folder = mkdtempSync(join(tmpdir(), 'northwind-'));
  let northwind: RunningDataverse | undefined;
  let entraUrl = '';
  const start = async (port: number) => {
    northwind = await startDataverse({
      port,
      file: join(folder, 'organization.db'),
      entraUrl,
      tenantId: contosoTenantId,
      managedIdentityClientId: managedIdentity.clientId,
      rows: 500,
      organization: {
        id: northwindId,
        name: 'Northwind',
        people: [{ objectId: people.visitor, name: 'Nora North', role: 'administrator' }],
      },
    });
    return northwind.url;
  };
  afterAll(async () => {
    await northwind?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  let url = '';
  const platform = runningPlatform(async ({ entra, dataverse }) => {
    entraUrl = entra;
    url = await start(0);
    return { DATAVERSE_URLS: `${dataverse},${url}` };
  });
  return () => ({
    ...platform(),
    northwind: url,
    async stopNorthwind() {
      await northwind?.close();
      northwind = undefined;
    },
    async startNorthwind() {
      await start(Number(new URL(url).port));
    },
  });
}
