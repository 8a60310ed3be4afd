import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { answerJson, answerOrFail, listenOnLoopback, readBody } from '../loopback-server.ts';
import { contosoTenantId } from '../sign-ins.ts';
import { openServerCertificate } from './certificate.ts';
import { openSecretsFile, type SecretsFile, type SecretVersion } from './secrets-file.ts';
import { type VaultCaller, vaultCallerCheck, vaultResource } from './vault-caller.ts';

export type InitialSecret = {
  readonly value: string;
  readonly tags: Readonly<Record<string, string>>;
  /** When it ends, in seconds since 1970. */
  readonly exp?: number;
};

export type KeyVault = {
  readonly url: string;
  /** The authority that clients have to trust. */
  readonly caFile: string;
  close(): Promise<void>;
};

export type KeyVaultOptions = {
  readonly port: number;
  /** Holds the certificate, and the secrets between starts. */
  readonly folder: string;
  readonly entraUrl: string;
  /** Set at the start if they differ from what is kept; secrets rotated by hand stay, as long as these do not change. */
  readonly initialSecrets?: Readonly<Record<string, InitialSecret>>;
};

/**
 * Key Vault over https: reading secrets as the SDK does it; without a token `PUT /simulator/secrets/{name}`, and
 * `GET /simulator` with the number of times that each was read.
 */
export async function startKeyVault({
  port,
  folder,
  entraUrl,
  initialSecrets = {},
}: KeyVaultOptions): Promise<KeyVault> {
  const vault = { url: '', secrets: openSecretsFile() };
  const callerOf = vaultCallerCheck(entraUrl);
  const reads: Record<string, number> = {};
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', vault.url);
    const simulated = /^\/simulator\/secrets\/([0-9A-Za-z-]{1,127})$/.exec(pathname)?.[1];
    if (request.method === 'PUT' && simulated)
      return setSecret(vault, simulated, await readBody(request), response);
    if (request.method === 'GET' && pathname === '/simulator') return answerJson(response, 200, { reads });
    const caller = await callerOf(request.headers.authorization);
    if (caller !== 'allowed') return refuse(response, caller, entraUrl);
    if (!searchParams.get('api-version'))
      return answerError(response, 400, 'BadParameter', 'api-version must be specified');
    const found = /^\/secrets\/([0-9A-Za-z-]{1,127})(?:\/([0-9a-f]{32})?)?$/.exec(pathname);
    if (request.method !== 'GET' || !found?.[1])
      return answerError(response, 405, 'BadMethod', 'Only reading of secrets is simulated.');
    const secret = vault.secrets.find(found[1], found[2]);
    if (!secret) {
      const message = `A secret with (name/id) ${found[1]}${found[2] ? `/${found[2]}` : ''} was not found in this key vault.`;
      return answerError(response, 404, 'SecretNotFound', message);
    }
    reads[found[1]] = (reads[found[1]] ?? 0) + 1;
    answerJson(response, 200, secretBundle(vault.url, found[1], secret));
  };
  const server = createServer((request, response) => answerOrFail(answer, request, response));
  vault.url = `https://localhost:${await listenOnLoopback(server, port)}`;
  const { cert, key, caFile } = openServerCertificate(folder);
  server.setSecureContext({ cert, key });
  vault.secrets = openSecretsFile(`${folder}/secrets.json`);
  setInitialSecrets(vault.secrets, initialSecrets);
  return { url: vault.url, caFile, close: () => close(server) };
}

function setInitialSecrets(secrets: SecretsFile, initial: Readonly<Record<string, InitialSecret>>): void {
  for (const [name, { value, tags }] of Object.entries(initial)) {
    const seed = JSON.stringify([value, tags]);
    // A twin under a name that no client can ask for remembers what was set last.
    if (secrets.find(`initial:${name}`)?.value === seed) continue;
    secrets.set(name, value, tags);
    secrets.set(`initial:${name}`, seed, {});
  }
}

function setSecret(
  vault: { url: string; secrets: SecretsFile },
  name: string,
  body: string,
  response: ServerResponse,
): void {
  const parsed = secretOf(body);
  if (!parsed) {
    const expected = 'a body {"value": "...", "tags": {"...": "..."}, "exp": seconds} is expected';
    answerError(response, 400, 'BadParameter', `Cannot set secret "${name}": ${expected}.`);
    return;
  }
  const { value, tags, exp } = parsed;
  answerJson(response, 200, secretBundle(vault.url, name, vault.secrets.set(name, value, tags, exp)));
}

function secretOf(body: string): InitialSecret | undefined {
  try {
    const { value, tags = {}, exp } = JSON.parse(body) as { value?: unknown; tags?: unknown; exp?: unknown };
    const hasTags =
      typeof tags === 'object' &&
      tags !== null &&
      Object.values(tags).every((tag) => typeof tag === 'string');
    if (typeof value !== 'string' || !hasTags) return undefined;
    return { value, tags: tags as Record<string, string>, ...(typeof exp === 'number' && { exp }) };
  } catch {
    return undefined;
  }
}

function refuse(response: ServerResponse, caller: Exclude<VaultCaller, 'allowed'>, entraUrl: string): void {
  if (caller === 'forbidden') {
    const message = 'The user, group or application does not have secrets get permission on this key vault.';
    answerError(response, 403, 'Forbidden', message, { code: 'ForbiddenByRbac' });
    return;
  }
  const challenge = `Bearer authorization="${entraUrl}/${contosoTenantId}", resource="${vaultResource}"`;
  response.setHeader('www-authenticate', challenge);
  answerError(response, 401, 'Unauthorized', '[BearerReadAccessTokenFailed] Error validating token.');
}

function secretBundle(url: string, name: string, { value, version, tags, created, exp }: SecretVersion) {
  const attributes = {
    enabled: true,
    created,
    updated: created,
    exp,
    recoveryLevel: 'Recoverable+Purgeable',
    recoverableDays: 90,
  };
  return { value, id: `${url}/secrets/${name}/${version}`, attributes, tags };
}

function answerError(
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
  innererror?: object,
): void {
  answerJson(response, status, { error: { code, message, ...(innererror ? { innererror } : {}) } });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
