import type { IncomingMessage, ServerResponse } from 'node:http';
import { SignJWT } from 'jose';
import {
  answerJson,
  closeServer,
  createLoopbackServer,
  listenOnLoopback,
  readBody,
} from '../loopback-server.ts';
import { contosoTenantId, managedIdentity, secondIdentity } from '../sign-ins.ts';
import {
  accessTokenClaims,
  type Caller,
  type Claims,
  type TokenVersion,
  tenantOf,
  tokenLifetimeSeconds,
} from './claims.ts';
import { craftedToken, readTokenOverrides } from './crafted-token.ts';
import { requestedResource, resolveTenant, signIn, tenantIds } from './sign-in.ts';
import { SignInError } from './sign-in-error.ts';
import { openSigningKeys, type SigningKeys } from './signing-keys.ts';

export type Entra = { readonly url: string; close(): Promise<void> };

/** Sign-in on loopback: both token endpoints, discovery, key sets, and the managed-identity endpoint of App Service. */
export async function startEntra(options: { port: number; keysFile?: string }): Promise<Entra> {
  const entra = { url: '', keys: undefined as SigningKeys | undefined };
  const server = createLoopbackServer(async (request, response) => {
    if (entra.keys) await answer(entra.url, entra.keys, request, response);
    else answerJson(response, 503, { error: 'starting' });
  });
  // The port comes first: a second start on the same folder must not touch its keys.
  entra.url = `http://127.0.0.1:${await listenOnLoopback(server, options.port)}`;
  entra.keys = await openSigningKeys(tenantIds, options.keysFile);
  return { url: entra.url, close: () => closeServer(server) };
}

async function answer(
  entraUrl: string,
  keys: SigningKeys,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', entraUrl);
  const route = `${request.method} ${pathname}`;
  try {
    if (route === 'GET /msi/token')
      return await answerManagedIdentity(entraUrl, keys, request, response, searchParams);
    if (route === 'POST /simulator/keys/rotate') {
      await keys.rotate();
      return answerJson(response, 200, { kid: keys.current(contosoTenantId).kid });
    }
    if (route === 'POST /simulator/token') {
      const overrides = readTokenOverrides(await readBody(request));
      if (!overrides) {
        return answerJson(response, 400, {
          error:
            'Cannot sign a token: the body must be {"claims": {...}, "header": {...}, "tenant": "<id>"}.',
        });
      }
      return answerJson(response, 200, { access_token: craftedToken(entraUrl, keys, overrides) });
    }
    const token = /^POST \/([^/]+)\/oauth2\/(v2\.0\/)?token$/.exec(route);
    if (token?.[1]) {
      const form = new URLSearchParams(await readBody(request));
      return await answerToken(entraUrl, keys, response, token[1], token[2] ? '2.0' : '1.0', form);
    }
    const discovery = /^GET (?:\/([^/]+?))?(\/v2\.0)?\/\.well-known\/openid-configuration$/.exec(route);
    if (discovery) {
      const segment = discovery[1] ?? 'common';
      return answerJson(
        response,
        200,
        discoveryDocument(entraUrl, segment, resolveTenant(segment), !!discovery[2]),
      );
    }
    const keySet = /^GET \/([^/]+)\/discovery\/(v2\.0\/)?keys$/.exec(route);
    if (keySet?.[1]) {
      const tenantId = resolveTenant(keySet[1]);
      const published = (tenantId ? [tenantId] : tenantIds).flatMap((id) => keys.published(id));
      return answerJson(response, 200, { keys: published });
    }
    answerJson(response, 404, {
      error: 'not_found',
      error_description: `Cannot answer ${route}: no such endpoint.`,
    });
  } catch (error) {
    if (!(error instanceof SignInError)) throw error;
    answerJson(response, error.status, error.toBody());
  }
}

async function answerToken(
  entraUrl: string,
  keys: SigningKeys,
  response: ServerResponse,
  tenantSegment: string,
  version: TokenVersion,
  form: URLSearchParams,
): Promise<void> {
  const caller = signIn(tenantSegment, form);
  const resource = requestedResource(form, version);
  const claims = accessTokenClaims(entraUrl, caller, resource, version);
  const access_token = await signClaims(keys, caller, claims);
  const headers = { 'cache-control': 'no-store, no-cache', pragma: 'no-cache' };
  const lifetime = tokenLifetimeSeconds - 1;
  if (version === '2.0') {
    const body = { token_type: 'Bearer', expires_in: lifetime, ext_expires_in: lifetime, access_token };
    answerJson(response, 200, caller.kind === 'user' ? { ...body, scope: form.get('scope') } : body, headers);
    return;
  }
  const numbers = { expires_in: `${lifetime}`, ext_expires_in: `${lifetime}`, expires_on: `${claims.exp}` };
  answerJson(
    response,
    200,
    { token_type: 'Bearer', ...numbers, not_before: `${claims.nbf}`, resource, access_token },
    headers,
  );
}

async function answerManagedIdentity(
  entraUrl: string,
  keys: SigningKeys,
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
): Promise<void> {
  const refuse = (statusCode: number, message: string) =>
    answerJson(response, statusCode, { statusCode, message });
  const resource = query.get('resource');
  const clientId = query.get('client_id');
  if (request.headers['x-identity-header'] !== managedIdentity.header) {
    return refuse(401, 'Cannot issue a token: header X-IDENTITY-HEADER is missing or wrong.');
  }
  if (query.get('api-version') !== '2019-08-01') {
    return refuse(400, 'Cannot issue a token: api-version must be 2019-08-01.');
  }
  if (!resource) return refuse(400, 'Cannot issue a token: query parameter resource is missing.');
  const identity = [managedIdentity, secondIdentity].find((one) => !clientId || one.clientId === clientId);
  if (!identity) {
    return refuse(400, `Cannot issue a token: no managed identity with client id "${clientId}" is assigned.`);
  }
  const caller: Caller = { kind: 'application', client: identity };
  const claims = accessTokenClaims(entraUrl, caller, resource, '1.0');
  const access_token = await signClaims(keys, caller, claims);
  const details = { resource, token_type: 'Bearer', client_id: identity.clientId };
  answerJson(response, 200, { access_token, expires_on: `${claims.exp}`, ...details });
}

function signClaims(keys: SigningKeys, caller: Caller, claims: Claims): Promise<string> {
  const { kid, privateKey } = keys.current(tenantOf(caller));
  return new SignJWT(claims).setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid, x5t: kid }).sign(privateKey);
}

function discoveryDocument(entraUrl: string, segment: string, tenantId: string | null, isVersion2: boolean) {
  const suffix = isVersion2 ? '/v2.0' : '';
  return {
    issuer: `${entraUrl}/${tenantId ?? '{tenantid}'}${suffix || '/'}`,
    authorization_endpoint: `${entraUrl}/${segment}/oauth2${suffix}/authorize`,
    token_endpoint: `${entraUrl}/${segment}/oauth2${suffix}/token`,
    jwks_uri: `${entraUrl}/${segment}/discovery${suffix}/keys`,
    response_types_supported: ['code', 'id_token', 'token'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['client_secret_post'],
  };
}
