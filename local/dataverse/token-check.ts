import { createRemoteJWKSet, jwtVerify } from 'jose';
import type { Claims } from './callers.ts';
import { DataverseError } from './errors.ts';

/**
 * Checks a bearer token as the service does: signature, both forms of issuer, this organization as audience, times and
 * tenant. Whatever is wrong, the answer is 401 with the challenge from which clients discover the tenant.
 */
export function tokenCheck(url: string, entraUrl: string, tenantId: string) {
  const keys = createRemoteJWKSet(new URL(`${entraUrl}/${tenantId}/discovery/v2.0/keys`), {
    cooldownDuration: 1000,
  });
  const challenge = `Bearer authorization_uri=${entraUrl}/${tenantId}/oauth2/authorize, resource_id=${url}/`;
  const refuse = () =>
    new DataverseError(401, '', 'The user is not authenticated.', { 'WWW-Authenticate': challenge });
  return async (header: string | undefined): Promise<Claims> => {
    const token = /^Bearer (\S+)$/i.exec(header ?? '')?.[1];
    if (token === undefined) throw refuse();
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ['RS256'],
        issuer: [`${entraUrl}/${tenantId}/`, `${entraUrl}/${tenantId}/v2.0`],
        audience: [url, `${url}/`],
        requiredClaims: ['exp'],
        clockTolerance: 5,
      });
      if (payload.tid !== undefined && payload.tid !== tenantId) throw refuse();
      return payload as Claims;
    } catch {
      throw refuse();
    }
  };
}
