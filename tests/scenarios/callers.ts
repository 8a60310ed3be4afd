import { apiApplicationUri, clients, contosoTenantId, publicClientId, users } from '../../local/sign-ins.ts';

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
  overrides: { readonly claims?: object; readonly header?: object },
): Promise<string> {
  return tokenFrom(`${entra}/simulator/token`, { method: 'POST', body: JSON.stringify(overrides) });
}

/** Replaces the keys that the tenant signs with; the one before the present one stays published. */
export async function rotateKeys(entra: string): Promise<void> {
  await fetch(`${entra}/simulator/keys/rotate`, { method: 'POST' });
}
