import { clients, contosoTenantId, fabrikamTenantId, users } from '../sign-ins.ts';
import type { Caller, TokenVersion } from './claims.ts';
import { SignInError } from './sign-in-error.ts';

export const tenantIds: readonly string[] = [contosoTenantId, fabrikamTenantId];

const tenantDomains: Record<string, string> = {
  'contoso.example': contosoTenantId,
  'fabrikam.example': fabrikamTenantId,
};
const anyTenant = ['common', 'organizations'];

/** The tenant that a path segment names by id or domain; `null` for `common` and `organizations`. */
export function resolveTenant(segment: string): string | null {
  const name = segment.toLowerCase();
  if (anyTenant.includes(name)) return null;
  const tenantId = tenantIds.find((id) => id === name) ?? tenantDomains[name];
  if (tenantId) return tenantId;
  throw new SignInError(400, 'invalid_request', 90002, `Tenant '${segment}' not found.`);
}

/** Checks the form of a token request; throws a {@link SignInError} as Entra words it. */
export function signIn(tenantSegment: string, form: URLSearchParams): Caller {
  const tenantId = resolveTenant(tenantSegment);
  const grantType = required(form, 'grant_type');
  if (grantType === 'password') return signInUser(tenantId, form);
  if (grantType === 'client_credentials') return signInClient(tenantId, form);
  throw new SignInError(
    400,
    'unsupported_grant_type',
    70003,
    `The app requested an unsupported grant type '${grantType}'; password and client_credentials are allowed.`,
  );
}

function signInUser(tenantId: string | null, form: URLSearchParams): Caller {
  const clientId = required(form, 'client_id');
  const name = required(form, 'username').toLowerCase();
  const password = required(form, 'password');
  const home = tenantId ?? tenantDomains[name.split('@')[1] ?? ''];
  const user = Object.values(users).find((one) => one.name === name && one.tenantId === home);
  if (!user) {
    throw new SignInError(400, 'invalid_grant', 50034, 'The user account does not exist in the directory.');
  }
  if (user.password !== password) {
    throw new SignInError(
      400,
      'invalid_grant',
      50126,
      'Error validating credentials due to invalid username or password.',
    );
  }
  return { kind: 'user', user, clientId };
}

function signInClient(tenantId: string | null, form: URLSearchParams): Caller {
  const clientId = required(form, 'client_id');
  const secret = required(form, 'client_secret');
  if (tenantId === null) {
    throw new SignInError(
      400,
      'invalid_request',
      50059,
      'No tenant-identifying information found in the request.',
    );
  }
  const client = Object.values(clients).find((one) => one.clientId === clientId && one.tenantId === tenantId);
  if (!client) {
    throw new SignInError(
      400,
      'unauthorized_client',
      700016,
      `Application with identifier '${clientId}' was not found in the directory '${tenantId}'.`,
    );
  }
  if (client.secret !== secret) {
    throw new SignInError(
      401,
      'invalid_client',
      7000215,
      `Invalid client secret provided for app '${clientId}'.`,
    );
  }
  return { kind: 'application', client };
}

/** The resource that a request asks a token for: `resource` of version 1, the first resource scope of version 2. */
export function requestedResource(form: URLSearchParams, version: TokenVersion): string {
  if (version === '1.0') return form.get('resource') || required(form, 'resource');
  const scope = required(form, 'scope')
    .split(' ')
    .find((one) => !['openid', 'profile', 'email', 'offline_access', ''].includes(one));
  const end = scope?.lastIndexOf('/') ?? -1;
  const resource = scope?.slice(0, end);
  if (!scope || !resource || end < 1) {
    throw new SignInError(
      400,
      'invalid_scope',
      70011,
      "The provided value for the input parameter 'scope' is not valid.",
    );
  }
  if (form.get('grant_type') === 'client_credentials' && !scope.endsWith('/.default')) {
    throw new SignInError(
      400,
      'invalid_scope',
      1002012,
      'The provided value for scope is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier.',
    );
  }
  return resource;
}

function required(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (value) return value;
  throw new SignInError(
    400,
    'invalid_request',
    900144,
    `The request body must contain the following parameter: '${name}'.`,
  );
}
