import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import { contosoTenantId, managedIdentity } from '../sign-ins.ts';

export const vaultResource = 'https://vault.azure.net';

export type VaultCaller = 'allowed' | 'forbidden' | 'unknown';

/** Checks bearer tokens against the tenant's keys. Only the managed identity may read; others of the tenant are forbidden. */
export function vaultCallerCheck(
  entraUrl: string,
): (authorization: string | undefined) => Promise<VaultCaller> {
  const keys = createRemoteJWKSet(new URL(`${entraUrl}/${contosoTenantId}/discovery/v2.0/keys`), {
    cooldownDuration: 0,
  });
  return async (authorization) => {
    const token = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
    if (!token) return 'unknown';
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: [`${entraUrl}/${contosoTenantId}/`, `${entraUrl}/${contosoTenantId}/v2.0`],
        audience: [vaultResource, `${vaultResource}/`],
        algorithms: ['RS256'],
      });
      return payload.oid === managedIdentity.objectId ? 'allowed' : 'forbidden';
    } catch (error) {
      if (error instanceof errors.JOSEError) return 'unknown';
      throw error;
    }
  };
}
