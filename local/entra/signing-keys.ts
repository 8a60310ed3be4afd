import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';

export type SigningKeys = {
  /** The key that signs now. */
  current(tenantId: string): { kid: string; privateKey: CryptoKey; publicJwk: JWK };
  /** Public keys of a tenant, newest first: the current one and the one before it. */
  published(tenantId: string): JWK[];
  /** Makes a new key for every tenant. The old one stays published until the next rotation. */
  rotate(): Promise<void>;
};

type TenantKey = { kid: string; privateKey: CryptoKey; privateJwk: JWK; publicJwk: JWK };

/** RS256 keys of each tenant, kept in `file` (if given) so that tokens outlive a restart. */
export async function openSigningKeys(tenantIds: readonly string[], file?: string): Promise<SigningKeys> {
  const keys = await read(file);
  for (const tenantId of tenantIds) {
    if (!keys.get(tenantId)?.length) keys.set(tenantId, [await makeKey()]);
  }
  write(keys, file);

  const ofTenant = (tenantId: string): TenantKey[] => {
    const found = keys.get(tenantId);
    if (!found) throw new Error(`Cannot find signing keys of tenant "${tenantId}": the tenant is unknown.`);
    return found;
  };
  return {
    current: (tenantId) => ofTenant(tenantId)[0] as TenantKey,
    published: (tenantId) => ofTenant(tenantId).map((key) => key.publicJwk),
    async rotate() {
      for (const tenantId of tenantIds) {
        keys.set(tenantId, [await makeKey(), ...ofTenant(tenantId)].slice(0, 2));
      }
      write(keys, file);
    },
  };
}

async function makeKey(): Promise<TenantKey> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return toTenantKey({ ...(await exportJWK(privateKey)), kid: crypto.randomUUID().replaceAll('-', '') });
}

async function toTenantKey(privateJwk: JWK): Promise<TenantKey> {
  const { kty, n, e, kid } = privateJwk as { kty: string; n: string; e: string; kid: string };
  const privateKey = (await importJWK(privateJwk, 'RS256', { extractable: true })) as CryptoKey;
  return { kid, privateKey, privateJwk, publicJwk: { kty, n, e, kid, x5t: kid, use: 'sig', alg: 'RS256' } };
}

async function read(file: string | undefined): Promise<Map<string, TenantKey[]>> {
  const keys = new Map<string, TenantKey[]>();
  if (!file) return keys;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return keys;
  }
  for (const [tenantId, jwks] of Object.entries(JSON.parse(text) as Record<string, JWK[]>)) {
    keys.set(tenantId, await Promise.all(jwks.map(toTenantKey)));
  }
  return keys;
}

function write(keys: Map<string, TenantKey[]>, file: string | undefined): void {
  if (!file) return;
  const stored = Object.fromEntries([...keys].map(([id, list]) => [id, list.map((key) => key.privateJwk)]));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(stored), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
