import {
  apiApplicationUri,
  clients,
  contosoTenantId,
  managedIdentity,
  publicClientId,
  users,
} from '../../local/sign-ins.ts';

async function tokenFrom(url: string, init: RequestInit): Promise<string> {
  const response = await fetch(url, init);
  const { access_token } = (await response.json()) as { access_token?: string };
  if (!access_token) throw new Error(`The sign-in simulator gave no token: ${response.status}.`);
  return access_token;
}

export type UserName = keyof typeof users;
export type ClientName = keyof typeof clients;

/** A user's token for a resource, the app by default; of version 1 by the older endpoint. */
export function userToken(
  entra: string,
  name: UserName,
  {
    resource = apiApplicationUri,
    version = 2,
  }: { readonly resource?: string; readonly version?: 1 | 2 } = {},
): Promise<string> {
  const { name: username, password, tenantId } = users[name];
  const asked: Record<string, string> = version === 2 ? { scope: `${resource}/.default` } : { resource };
  const form = { grant_type: 'password', client_id: publicClientId, username, password, ...asked };
  const endpoint = version === 2 ? 'oauth2/v2.0/token' : 'oauth2/token';
  return tokenFrom(`${entra}/${tenantId}/${endpoint}`, { method: 'POST', body: new URLSearchParams(form) });
}

/** An application's token for the app. */
export function clientToken(entra: string, name: ClientName): Promise<string> {
  const { clientId, secret } = clients[name];
  const form = {
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: secret,
    scope: `${apiApplicationUri}/.default`,
  };
  return tokenFrom(`${entra}/${contosoTenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  });
}

/** The administrator's token with claims and header fields overridden, signed by the tenant as far as that is possible. */
export function craftedToken(
  entra: string,
  overrides: { readonly claims?: object; readonly header?: object; readonly tenant?: string },
): Promise<string> {
  return tokenFrom(`${entra}/simulator/token`, { method: 'POST', body: JSON.stringify(overrides) });
}

/** The token of a person of the tenant who has no sign-in, by object id. */
export function personToken(entra: string, objectId: string): Promise<string> {
  const name = `${objectId}@contoso.example`;
  return craftedToken(entra, {
    claims: { oid: objectId, sub: objectId, name, preferred_username: name },
  });
}

/** The token of an application that has no secret here, with these app roles. */
export function applicationToken(entra: string, roles: readonly string[]): Promise<string> {
  const id = '12345678-1234-4234-8234-123456789012';
  const person = { scp: null, name: null, preferred_username: null };
  return craftedToken(entra, {
    claims: { ...person, oid: id, sub: id, azp: id, idtyp: 'app', ...(roles.length > 0 ? { roles } : {}) },
  });
}

/** The managed identity's token for the app, as App Service gives it to another app. */
export function managedIdentityToken(entra: string): Promise<string> {
  const query = new URLSearchParams({ resource: apiApplicationUri, 'api-version': '2019-08-01' });
  return tokenFrom(`${entra}/msi/token?${query}`, {
    headers: { 'X-IDENTITY-HEADER': managedIdentity.header },
  });
}

/** Replaces the keys that the tenant signs with; the one before the present one stays published. */
export async function rotateKeys(entra: string): Promise<void> {
  await fetch(`${entra}/simulator/keys/rotate`, { method: 'POST' });
}
