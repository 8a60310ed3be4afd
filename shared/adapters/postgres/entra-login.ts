import { type EntraLogin, entraTokenFor } from '../sql/entra-login.ts';

/** Of Azure Database for PostgreSQL in each cloud: never a resource that a connection string names. */
function resourceFor(host: string): string {
  if (host.endsWith('.chinacloudapi.cn')) return 'https://ossrdbms-aad.database.chinacloudapi.cn';
  if (host.endsWith('.usgovcloudapi.net')) return 'https://ossrdbms-aad.database.usgovcloudapi.net';
  return 'https://ossrdbms-aad.database.windows.net';
}

/** What the driver asks for a password at every new connection: a token. `SECRET_VALUE_INVALID` for a server that is not listed. */
export function entraPassword(
  server: { readonly host: string; readonly port: number },
  login: EntraLogin | undefined,
): () => Promise<string> {
  return entraTokenFor(server, login, resourceFor);
}
