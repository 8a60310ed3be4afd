import { ServiceError } from '../../errors.ts';
import { isListedHost } from '../../hosts.ts';
import type { AccessTokens } from '../../ports/access-tokens.ts';

/** The app's own identity as a login. */
export interface EntraLogin {
  readonly tokens: AccessTokens;
  /** Servers that may be sent a token: domains with all below them, or exact `host:port` entries. */
  readonly hosts: readonly string[];
  /** Of the app's identity, where it is a user-assigned one. */
  readonly clientId?: string;
}

/** Of Azure SQL in each cloud: never a resource that a connection string names. */
function resourceFor(host: string): string {
  if (host.endsWith('.chinacloudapi.cn')) return 'https://database.chinacloudapi.cn';
  if (host.endsWith('.usgovcloudapi.net')) return 'https://database.usgovcloudapi.net';
  return 'https://database.windows.net';
}

/**
 * What gives a token at every new connection that does not end within minutes. Whoever can write a secret could have it
 * sent to a server of their own, so `SECRET_VALUE_INVALID`, without naming the server, for any that is not listed; also
 * for a `user` that is another identity than the app's.
 */
export function entraToken(
  server: { readonly host: string; readonly port: number; readonly user?: string },
  login: EntraLogin | undefined,
): () => Promise<string> {
  const { host, port, user } = server;
  const hosts = login?.hosts ?? [];
  const isListed = isListedHost(
    host,
    port,
    hosts,
    (domain) => host === domain || host.endsWith(`.${domain}`),
  );
  if (login === undefined || !isListed)
    throw new ServiceError(
      'SECRET_VALUE_INVALID',
      `Cannot log in to the server of the connection string with the app's identity: it is none of ENTRA_DATABASE_HOSTS; its token is sent only to ${hosts.join(', ') || 'those'} and what is below.`,
    );
  if (user !== undefined && user.toLowerCase() !== login.clientId?.toLowerCase())
    throw new ServiceError(
      'SECRET_VALUE_INVALID',
      "Cannot log in to the server of the connection string with the app's identity: its User ID names another identity; leave it out, or name the one of MANAGED_IDENTITY_CLIENT_ID.",
    );
  const { tokens } = login;
  return async () => {
    try {
      return await tokens.forResource(resourceFor(host));
    } catch (cause) {
      throw new ServiceError(
        'DESTINATION_LOGIN_FAILED',
        "Cannot log in to the destination with the app's identity: it got no token; a managed identity is needed.",
        { cause },
      );
    }
  };
}
