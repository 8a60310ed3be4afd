import { contosoTenantId, publicClientId, users } from '../sign-ins.ts';

const renewAfterSeconds = 45 * 60;

/** Tokens of the administrator for one resource, signed in with name and password, and again before they expire. */
export function adminToken(
  entraUrl: string,
  resource: string,
  options: { readonly signal: AbortSignal },
): () => Promise<string> {
  let current: { readonly token: Promise<string>; readonly signedInAt: number } | undefined;
  return () => {
    if (current && performance.now() - current.signedInAt < renewAfterSeconds * 1000) return current.token;
    const token = signIn(entraUrl, resource, options.signal);
    current = { token, signedInAt: performance.now() };
    token.catch(() => {
      current = undefined;
    });
    return token;
  };
}

async function signIn(entraUrl: string, resource: string, signal: AbortSignal): Promise<string> {
  const address = `${entraUrl}/${contosoTenantId}/oauth2/v2.0/token`;
  const form = new URLSearchParams({
    grant_type: 'password',
    client_id: publicClientId,
    username: users.admin.name,
    password: users.admin.password,
    scope: `${resource}/.default`,
  });
  const response = await fetch(address, { method: 'POST', body: form, signal });
  if (!response.ok) throw new Error(`Cannot sign in at ${address}: it answered ${response.status}.`);
  const { access_token } = (await response.json()) as { access_token: string };
  return access_token;
}
