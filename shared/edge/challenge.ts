import type { Door } from './door.ts';

/**
 * The value of `WWW-Authenticate` on every 401. Old clients read the sign-in address and the resource from it; the
 * parsers of ADAL and MSAL agree only on quoted values with comma **and** space between them.
 */
export function challengeHeader(door: Pick<Door, 'authorizationUri' | 'resourceId'>): string {
  return `Bearer authorization_uri="${door.authorizationUri}", resource_id="${door.resourceId}"`;
}
