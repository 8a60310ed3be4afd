import { isIP } from 'node:net';
import type { ClientConfig } from 'pg';
import { ServiceError } from '../../errors.ts';

const expected = 'expected postgresql://user:password@host:5432/database';
const verifiedModes = ['prefer', 'require', 'verify-ca', 'verify-full'];

function invalid(problem: string): ServiceError {
  return new ServiceError(
    'SECRET_VALUE_INVALID',
    `Cannot read the connection string in the secret: ${problem}; ${expected}.`,
  );
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function tls(host: string, mode: string | null): ClientConfig['ssl'] {
  if (mode === 'disable') return false;
  if (mode === null && isLoopback(host)) return false;
  if (mode !== null && !verifiedModes.includes(mode))
    throw invalid(`sslmode is not one of disable, ${verifiedModes.join(', ')}`);
  // Every mode checks the certificate: what is encrypted to the wrong server is not safe.
  return { rejectUnauthorized: true, ...(isIP(host) === 0 && { servername: host }) };
}

/** Whether a login and rows would travel to another machine in clear. */
export function isRemoteInClear({ host, ssl }: Pick<ClientConfig, 'host' | 'ssl'>): boolean {
  return ssl === false && host !== undefined && !isLoopback(host);
}

/**
 * What a PostgreSQL URL asks for. TLS is on except to this machine or by `sslmode=disable`. `SECRET_VALUE_INVALID` without any
 * part of the string when it is none.
 */
export function readConnectionString(connectionString: string): ClientConfig & { readonly host: string } {
  if (!/^postgres(ql)?:\/\//i.test(connectionString)) throw invalid('it is no URL of PostgreSQL');
  const url = URL.parse(connectionString);
  if (url === null) throw invalid('it is no URL (characters such as @ / # in a password must be %-encoded)');
  const database = url.pathname.slice(1);
  const problems = [
    ...(url.hostname === '' ? ['it names no host'] : []),
    ...(url.username === '' ? ['it names no user'] : []),
    ...(database === '' ? ['it names no database'] : []),
  ];
  if (problems.length > 0) throw invalid(problems.join(' and '));
  const host = url.hostname.replace(/^\[|\]$/g, '');
  try {
    return {
      host,
      port: url.port === '' ? 5432 : Number(url.port),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: decodeURIComponent(database),
      ssl: tls(host, url.searchParams.get('sslmode')),
    };
  } catch (error) {
    if (error instanceof URIError) throw invalid('a %-code in it is broken');
    throw error;
  }
}
