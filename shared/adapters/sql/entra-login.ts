import { ServiceError } from '../../errors.ts';
import { isListedHost } from '../../hosts.ts';
import type { AccessTokens } from '../../ports/access-tokens.ts';

/** The app's own identity as a login. */
export interface EntraLogin {
  readonly tokens: AccessTokens;
  /** Servers that may be sent a token: domains with all below them, or exact `host:port` entries. */
  readonly hosts: readonly string[];
}

/**
 * What gives a token at every new connection that does not end within minutes, for the resource of the host's cloud. Whoever can
 * write a secret could have it sent to a server of their own, so `SECRET_VALUE_INVALID`, without naming the server, for any that
 * is not listed.
 */
export function entraTokenFor(
  server: { readonly host: string; readonly port: number },
  login: EntraLogin | undefined,
  resourceFor: (host: string) => string,
): () => Promise<string> {
  const host = server.host.toLowerCase();
  const hosts = login?.hosts ?? [];
  const isBelow = (domain: string) => host === domain || host.endsWith(`.${domain}`);
  if (login === undefined || !isListedHost(host, server.port, hosts, isBelow))
    throw new ServiceError(
      'SECRET_VALUE_INVALID',
      `Cannot log in to the server of the connection string with the app's identity: it is none of ENTRA_DATABASE_HOSTS; its token is sent only to ${hosts.join(', ') || 'those'} and what is below.`,
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
