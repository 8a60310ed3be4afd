import { apiApplicationId, apiApplicationUri, type Client, type User } from '../sign-ins.ts';

export const tokenLifetimeSeconds = 3600;

/** Who a token speaks for, and the application that asked for it. */
export type Caller =
  | { kind: 'user'; user: User; clientId: string }
  | { kind: 'application'; client: Pick<Client, 'clientId' | 'objectId' | 'tenantId' | 'roles'> };

export type TokenVersion = '1.0' | '2.0';
export type Claims = Record<string, unknown>;

export function tenantOf(caller: Caller): string {
  return caller.kind === 'user' ? caller.user.tenantId : caller.client.tenantId;
}

function isApiResource(resource: string): boolean {
  return [apiApplicationId, apiApplicationUri].includes(resource.replace(/\/$/, '').toLowerCase());
}

/**
 * The claims of an access token. As in Entra, the resource decides the version, not the endpoint: only our own
 * application takes version 2 (audience: its id); Dataverse and the vault get version 1 (audience: as asked).
 */
export function accessTokenClaims(
  entraUrl: string,
  caller: Caller,
  resource: string,
  version: TokenVersion,
): Claims {
  const now = Math.floor(Date.now() / 1000);
  const tenantId = tenantOf(caller);
  const times = { iat: now, nbf: now, exp: now + tokenLifetimeSeconds };
  const isVersion2 = version === '2.0' && isApiResource(resource);
  return {
    aud: isVersion2 ? apiApplicationId : resource,
    iss: isVersion2 ? `${entraUrl}/${tenantId}/v2.0` : `${entraUrl}/${tenantId}/`,
    ...times,
    tid: tenantId,
    ...(caller.kind === 'user'
      ? userClaims(caller, isVersion2)
      : applicationClaims(caller, isVersion2, resource)),
    uti: crypto.randomUUID(),
    ver: isVersion2 ? '2.0' : '1.0',
  };
}

function userClaims({ user, clientId }: Extract<Caller, { kind: 'user' }>, isVersion2: boolean): Claims {
  return {
    oid: user.objectId,
    sub: user.objectId,
    name: user.displayName,
    scp: 'user_impersonation',
    ...(isVersion2
      ? { azp: clientId, azpacr: '0', preferred_username: user.name }
      : { appid: clientId, appidacr: '0', upn: user.name, unique_name: user.name }),
  };
}

function applicationClaims(
  { client }: Extract<Caller, { kind: 'application' }>,
  isVersion2: boolean,
  resource: string,
): Claims {
  return {
    oid: client.objectId,
    sub: client.objectId,
    idtyp: 'app',
    ...(isVersion2 ? { azp: client.clientId, azpacr: '1' } : { appid: client.clientId, appidacr: '1' }),
    ...(isApiResource(resource) && client.roles.length > 0 ? { roles: client.roles } : {}),
  };
}
