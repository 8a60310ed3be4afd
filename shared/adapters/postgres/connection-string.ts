import { isIP } from 'node:net';
import type { ClientConfig } from 'pg';
import { ServiceError } from '../../errors.ts';
import { isLoopbackHost } from '../../hosts.ts';

const expected =
  "expected postgresql://user:password@host:5432/database, or for a login by the app's own identity postgresql://identity@host:5432/database?authentication=entra";
const verifiedModes = ['prefer', 'require', 'verify-ca', 'verify-full'];

function invalid(problem: string): ServiceError {
  return new ServiceError(
    'SECRET_VALUE_INVALID',
    `Cannot read the connection string in the secret: ${problem}; ${expected}.`,
  );
}

function tls(host: string, mode: string | null, isEntra: boolean): ClientConfig['ssl'] {
  if (mode !== null && mode !== 'disable' && !verifiedModes.includes(mode))
    throw invalid(`sslmode is not one of disable, ${verifiedModes.join(', ')}`);
  if (mode === 'disable' && isEntra)
    throw invalid('sslmode=disable does not go with authentication=entra: a token is sent over TLS only');
  if (mode === 'disable' || (mode === null && isLoopbackHost(host) && !isEntra)) return false;
  // Every mode checks the certificate: what is encrypted to the wrong server is not safe.
  return { rejectUnauthorized: true, ...(isIP(host) === 0 && { servername: host }) };
}

/** Whether a login and rows would travel to another machine in clear. */
export function isRemoteInClear({ host, ssl }: Pick<ClientConfig, 'host' | 'ssl'>): boolean {
  return ssl === false && host !== undefined && !isLoopbackHost(host);
}

/** Where to connect and as whom; without a password, the login is the app's own identity. */
export interface ConnectionString {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly database: string;
  readonly ssl: ClientConfig['ssl'];
}

/**
 * What a PostgreSQL URL asks for. TLS is on except to this machine or by `sslmode=disable`. `SECRET_VALUE_INVALID` without any
 * part of the string when it is none.
 */
export function readConnectionString(connectionString: string): ConnectionString {
  if (!/^postgres(ql)?:\/\//i.test(connectionString)) throw invalid('it is no URL of PostgreSQL');
  const url = URL.parse(connectionString);
  if (url === null) throw invalid('it is no URL (characters such as @ / # in a password must be %-encoded)');
  const database = url.pathname.slice(1);
  const authentication = url.searchParams.get('authentication');
  const isEntra = authentication?.toLowerCase() === 'entra';
  const problems = [
    ...(url.hostname === '' ? ['it names no host'] : []),
    ...(url.username === '' ? ['it names no user'] : []),
    ...(database === '' ? ['it names no database'] : []),
    ...(authentication !== null && !isEntra ? ['its authentication is not entra'] : []),
    ...(isEntra && url.password !== '' ? ['it has both a password and authentication=entra'] : []),
    ...(authentication === null && url.password === ''
      ? ['it has neither a password nor authentication=entra']
      : []),
  ];
  if (problems.length > 0) throw invalid(problems.join(' and '));
  const host = url.hostname.replace(/^\[|\]$/g, '');
  try {
    return {
      host,
      port: url.port === '' ? 5432 : Number(url.port),
      user: decodeURIComponent(url.username),
      ...(isEntra ? {} : { password: decodeURIComponent(url.password) }),
      database: decodeURIComponent(database),
      ssl: tls(host, url.searchParams.get('sslmode'), isEntra),
    };
  } catch (error) {
    if (error instanceof URIError) throw invalid('a %-code in it is broken');
    throw error;
  }
}
