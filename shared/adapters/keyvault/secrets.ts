import type { SecretClient } from '@azure/keyvault-secrets';
import { ServiceError } from '../../errors.ts';
import type { Secret, Secrets } from '../../ports/secrets.ts';
import { type SecretAddress, secretAddress } from './secret-address.ts';

export interface SecretsOptions {
  /** Parent domains of vaults, or exact `host:port` entries. */
  readonly hosts: readonly string[];
  readonly credential: ConstructorParameters<typeof SecretClient>[1];
}

const timeoutMilliseconds = 15_000;

/** Secrets of Azure Key Vault. The SDK is loaded at the first read. */
export function secrets({ hosts, credential }: SecretsOptions): Secrets {
  const clients = new Map<string, Promise<SecretClient>>();

  const clientOf = (vaultUrl: string) => {
    const client = clients.get(vaultUrl) ?? connect(vaultUrl, credential);
    clients.set(vaultUrl, client);
    return client;
  };

  return {
    problemsOfAddress(address) {
      const parsed = secretAddress(address, hosts);
      return 'problems' in parsed ? parsed.problems : [];
    },
    async read(address) {
      const parsed = secretAddress(address, hosts);
      if ('problems' in parsed)
        throw new ServiceError(
          'SECRET_ADDRESS_INVALID',
          `Cannot read a secret: its address is wrong; ${parsed.problems.join(' ')}`,
          { parameters: ['DestinationKeyVaultUri'] },
        );
      return readSecret(await clientOf(parsed.vaultUrl), parsed);
    },
  };
}

async function connect(vaultUrl: string, credential: SecretsOptions['credential']): Promise<SecretClient> {
  const { SecretClient } = await import('@azure/keyvault-secrets');
  const { hostname } = new URL(vaultUrl);
  return new SecretClient(vaultUrl, credential, {
    // The challenge names vault.azure.net, which no loopback host is below; such hosts are allowed only by the setting.
    disableChallengeResourceVerification: hostname === 'localhost' || hostname === '127.0.0.1',
    retryOptions: { maxRetries: 2, retryDelayInMs: 500, maxRetryDelayInMs: 4000 },
  });
}

async function readSecret(client: SecretClient, { vaultUrl, name, version }: SecretAddress): Promise<Secret> {
  const which = `secret "${name}" of ${vaultUrl}`;
  try {
    const { value, properties } = await client.getSecret(name, {
      ...(version === undefined ? {} : { version }),
      requestOptions: { timeout: timeoutMilliseconds },
    });
    if (!value)
      throw new ServiceError(
        'SECRET_VALUE_INVALID',
        `Cannot use ${which}: it is empty; a connection string is expected.`,
      );
    const { tags = {}, expiresOn } = properties;
    return { value, tags, ...(expiresOn && { endsAt: expiresOn.toISOString() }) };
  } catch (error) {
    throw error instanceof ServiceError ? error : secretError(error, which);
  }
}

function secretError(cause: unknown, which: string): ServiceError {
  const { statusCode, code, name } = cause as { statusCode?: number; code?: string; name?: string };
  const fail = (ourCode: ServiceError['code'], happened: string, expected: string) =>
    new ServiceError(ourCode, `Cannot read ${which}: ${happened}; ${expected}.`, { cause });
  if (name === 'AuthenticationError' || name === 'CredentialUnavailableError')
    return fail(
      'SECRET_ACCESS_DENIED',
      "the app's own identity got no token",
      'a managed identity is needed',
    );
  if (statusCode === 404)
    return fail('SECRET_NOT_FOUND', 'the vault has none', 'it must exist and be enabled');
  if (statusCode === 401 || statusCode === 403)
    return fail(
      'SECRET_ACCESS_DENIED',
      `the vault answered ${statusCode}`,
      'the identity needs the permission to get secrets, the secret must be enabled, and the firewall must let the app in',
    );
  const reason =
    statusCode === undefined
      ? `no connection (${code ?? name ?? 'no code'})`
      : `the vault answered ${statusCode}`;
  return fail('SECRET_UNREACHABLE', reason, 'an answer was expected');
}
