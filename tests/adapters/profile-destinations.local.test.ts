import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type Entra, startEntra } from '../../local/entra/start-entra.ts';
import { type KeyVault, startKeyVault } from '../../local/keyvault/start-keyvault.ts';
import { contosoTenantId, managedIdentity, organizationId } from '../../local/sign-ins.ts';
import { profileDestinations } from '../../shared/adapters/destinations/profile-destinations.ts';
import { appCredential } from '../../shared/adapters/entra/app-credential.ts';
import { secrets } from '../../shared/adapters/keyvault/secrets.ts';
import { systemClock } from '../../shared/adapters/system/system-clock.ts';
import type { Destination, ProfileDestinations } from '../../shared/ports/destination.ts';
import { readsOf, setSecret } from '../simulated-vault.ts';
import { trustAuthority } from '../trust-authority.ts';

const folder = mkdtempSync(join(tmpdir(), 'destinations-'));
const organization = { id: organizationId, tenantId: contosoTenantId, name: 'Contoso', url: 'https://c/' };
let entra: Entra;
let vault: KeyVault;
let distrust: () => void;
let destinations: ProfileDestinations;
let opened: string[];

beforeAll(async () => {
  entra = await startEntra({ port: 0 });
  vault = await startKeyVault({ port: 0, folder, entraUrl: entra.url });
  distrust = trustAuthority(vault.caFile);
  vi.stubEnv('IDENTITY_ENDPOINT', `${entra.url}/msi/token`);
  vi.stubEnv('IDENTITY_HEADER', managedIdentity.header);
});
afterAll(async () => {
  distrust();
  vi.unstubAllEnvs();
  await vault.close();
  await entra.close();
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  opened = [];
  const credential = appCredential({ hasManagedIdentity: true });
  const open = (text: string) => {
    opened.push(text);
    return { close: async () => undefined } as unknown as Destination;
  };
  destinations = profileDestinations({
    secrets: secrets({ hosts: [new URL(vault.url).host], credential }),
    organizations: { byId: async () => organization },
    clock: systemClock(),
    drivers: { PostgreSql: async () => ({ open }), SqlAzure: async () => ({ open }) },
  });
});

function profileAt(keyVaultUri: string, prefix = '') {
  const destination = { type: 'PostgreSql' as const, keyVaultUri, schema: 'dbo', prefix };
  return { organizationId, destination };
}

test('a hundred tables that open their destinations together make one request to the vault', async () => {
  await setSecret(vault.url, 'many', 'postgres://u:first@h/d');
  const many = Array.from({ length: 100 }, (_, index) =>
    destinations.open(profileAt(`${vault.url}/secrets/many`, `p${index % 3}`)),
  );
  await Promise.all(many);
  expect(await readsOf(vault.url, 'many')).toBe(1);
  expect(opened).toHaveLength(3);
});

test('an address with a version keeps reading that version, one without reads the newest', async () => {
  const pinned = await setSecret(vault.url, 'versions', 'postgres://u:first@h/d');
  await setSecret(vault.url, 'versions', 'postgres://u:second@h/d');
  await destinations.open(profileAt(pinned), { isFresh: true });
  await destinations.open(profileAt(`${vault.url}/secrets/versions`), { isFresh: true });
  await destinations.open(profileAt(pinned), { isFresh: true });
  expect(opened).toEqual(['postgres://u:first@h/d', 'postgres://u:second@h/d']);
});

test('a new version is read at once when it has to be fresh, and refused when it lost its tag', async () => {
  const address = `${vault.url}/secrets/rotated`;
  await setSecret(vault.url, 'rotated', 'postgres://u:first@h/d');
  await destinations.open(profileAt(address));
  await setSecret(vault.url, 'rotated', 'postgres://u:second@h/d', {});
  await destinations.open(profileAt(address));
  const refused = { code: 'SECRET_TAG_MISSING' };
  await expect(destinations.open(profileAt(address), { isFresh: true })).rejects.toMatchObject(refused);
  await expect(destinations.open(profileAt(address))).rejects.toMatchObject(refused);
  expect(opened).toEqual(['postgres://u:first@h/d']);
});
