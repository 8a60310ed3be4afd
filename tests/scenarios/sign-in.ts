import { apiApplicationUri, publicClientId, users } from '../../local/sign-ins.ts';

/** A token of the administrator for a resource, from the sign-in simulator: the app by default. */
export async function adminToken(entraUrl: string, resource: string = apiApplicationUri): Promise<string> {
  const form = new URLSearchParams({
    grant_type: 'password',
    client_id: publicClientId,
    username: users.admin.name,
    password: users.admin.password,
    scope: `${resource}/.default`,
  });
  const response = await fetch(`${entraUrl}/common/oauth2/v2.0/token`, { method: 'POST', body: form });
  const { access_token } = (await response.json()) as { access_token?: string };
  if (!access_token)
    throw new Error(`The sign-in simulator gave no token for ${resource}: ${response.status}.`);
  return access_token;
}
