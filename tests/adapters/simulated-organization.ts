import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { startDataverse } from '../../local/dataverse/start-dataverse.ts';
import { startEntra } from '../../local/entra/start-entra.ts';
import { contosoTenantId, managedIdentity } from '../../local/sign-ins.ts';
import { type DataverseOptions, dataverse } from '../../shared/adapters/dataverse/dataverse.ts';
import { accessTokens } from '../../shared/adapters/entra/access-tokens.ts';
import { appCredential } from '../../shared/adapters/entra/app-credential.ts';
import { systemClock } from '../../shared/adapters/system/system-clock.ts';
import type { Row } from '../../shared/model/change.ts';
import type { Dataverse } from '../../shared/ports/dataverse.ts';

export type SimulatedOrganization = Awaited<ReturnType<typeof simulatedOrganization>>;

/** An organization of its own, reached by the adapter with the managed identity; end it with `close`. */
export async function simulatedOrganization(rows: number) {
  const folder = mkdtempSync(join(tmpdir(), 'organization-'));
  const entra = await startEntra({ port: 0 });
  vi.stubEnv('IDENTITY_ENDPOINT', `${entra.url}/msi/token`);
  vi.stubEnv('IDENTITY_HEADER', managedIdentity.header);
  const organization = await startDataverse({
    port: 0,
    file: join(folder, 'organization.db'),
    entraUrl: entra.url,
    tenantId: contosoTenantId,
    managedIdentityClientId: managedIdentity.clientId,
    rows,
  });
  const { url } = organization;
  const clock = systemClock();
  const tokens = accessTokens({ credential: appCredential({ hasManagedIdentity: true }), clock });

  return {
    url,
    dataverse: (pageSize: number, options: Partial<DataverseOptions> = {}): Dataverse =>
      dataverse({ origin: url, tokens, clock, pageSize, ...options }),

    /** Somebody else's call of the ordinary Web API, without the adapter; a text is sent as it is. */
    async call(method: string, path: string, body?: object | string): Promise<Row> {
      const response = await fetch(`${url}/api/data/v9.2/${path}`, {
        method,
        headers: {
          authorization: `Bearer ${await tokens.forResource(url)}`,
          'content-type': 'application/json',
          prefer: 'return=representation',
        },
        ...(body ? { body: typeof body === 'string' ? body : JSON.stringify(body) } : {}),
      });
      if (!response.ok && response.status !== 404) throw new Error(await response.text());
      return response.status === 204 ? {} : ((await response.json()) as Row);
    },

    async simulator(method: string, path: string, body?: object) {
      const response = await fetch(`${url}/simulator${path}`, {
        method,
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      if (!response.ok) throw new Error(await response.text());
      return (await response.json()) as {
        tables: Record<string, { rows: number }>;
        requests: Record<string, number>;
      };
    },

    async close(): Promise<void> {
      vi.unstubAllEnvs();
      await organization.close();
      await entra.close();
      rmSync(folder, { recursive: true });
    },
  };
}
