import { ServiceError } from '../../errors.ts';
import { type EntraLogin, entraTokenFor } from '../sql/entra-login.ts';

/** The app's own identity as a login. */
export interface SqlServerLogin extends EntraLogin {
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
 * What gives a token at every new connection. `SECRET_VALUE_INVALID` for a server that is not listed, and for a `user` that is
 * another identity than the app's.
 */
export function entraToken(
  server: { readonly host: string; readonly port: number; readonly user?: string },
  login: SqlServerLogin | undefined,
): () => Promise<string> {
  const token = entraTokenFor(server, login, resourceFor);
  const { user } = server;
  if (user !== undefined && user.toLowerCase() !== login?.clientId?.toLowerCase())
    throw new ServiceError(
      'SECRET_VALUE_INVALID',
      "Cannot log in to the server of the connection string with the app's identity: its User ID names another identity; leave it out, or name the one of MANAGED_IDENTITY_CLIENT_ID.",
    );
  return token;
}
