import { isIP } from 'node:net';
import type { ConnectionOptions } from 'tedious';
import { ServiceError } from '../../errors.ts';
import { isHostName, isLoopbackHost } from '../../hosts.ts';
import { adoPairs } from '../../schema/ado-pairs.ts';

const expected =
  'expected Server=tcp:host,1433;Database=name;User ID=login;Password=..., or for a login by the app\'s own identity Authentication="Active Directory Managed Identity" instead of the login';

/** The synonyms of Microsoft.Data.SqlClient that matter here; all other keywords are ignored, for they change nothing here. */
const synonyms: Readonly<Record<string, string>> = {
  datasource: 'server',
  address: 'server',
  addr: 'server',
  networkaddress: 'server',
  initialcatalog: 'database',
  uid: 'userid',
  user: 'userid',
  pwd: 'password',
  connectiontimeout: 'connecttimeout',
  timeout: 'connecttimeout',
  trusted_connection: 'integratedsecurity',
};

const booleans: Readonly<Record<string, boolean>> = { true: true, yes: true, false: false, no: false };
const encryptions: Readonly<Record<string, boolean | 'strict'>> = {
  ...booleans,
  mandatory: true,
  optional: false,
  strict: 'strict',
};
const ownIdentity = ['activedirectorymanagedidentity', 'activedirectorymsi', 'activedirectorydefault'];

/** Where to connect and as whom; without a password, the login is the app's own identity. */
export interface ConnectionString {
  /** Name or address, in lower case. */
  readonly host: string;
  /** Used when there is no `instanceName`. */
  readonly port: number;
  /** Whose port the browser service of the host is asked for. */
  readonly instanceName?: string;
  /** Of the login; for the app's own identity the client id that the string asks for, if any. */
  readonly user?: string;
  readonly password?: string;
  readonly connectTimeoutMilliseconds?: number;
  readonly maxConnections?: number;
  readonly options: Pick<
    ConnectionOptions,
    'database' | 'encrypt' | 'trustServerCertificate' | 'serverName' | 'multiSubnetFailover' | 'packetSize'
  >;
}

/** The values by keyword, and what is wrong with how they are written. */
interface Read {
  readonly values: ReadonlyMap<string, string>;
  readonly problems: string[];
}

/**
 * What an ADO.NET connection string asks for; of a keyword that comes twice, the last. Encryption and the check of the
 * certificate are on unless it turns them off. `SECRET_VALUE_INVALID` with all that is wrong, and without any part of it.
 */
export function readConnectionString(connectionString: string): ConnectionString {
  const read = readPairs(connectionString);
  const { values, problems } = read;
  const server = readServer(read);
  const isEntra = isOwnIdentity(read);
  const encrypt = oneOf(read, 'encrypt', encryptions) ?? true;
  const trustServerCertificate = oneOf(read, 'trustservercertificate', booleans) ?? false;
  const [user, password, database] = ['userid', 'password', 'database'].map((name) => values.get(name));
  if (!database) problems.push('it names no Database');
  problems.push(...(isEntra ? problemsOfToken(password, encrypt, trustServerCertificate, server) : []));
  if (!isEntra && !values.has('authentication') && !user) problems.push('it names no User ID');
  if (!isEntra && !values.has('authentication') && !password) problems.push('it has no Password');
  const seconds = readSeconds(read);
  const serverName = values.get('hostnameincertificate');
  const multiSubnetFailover = oneOf(read, 'multisubnetfailover', booleans);
  const packetSize = readNumber(read, 'Packet Size', 512, 32_768);
  const maxConnections = readNumber(read, 'Max Pool Size', 1, 32_767);
  if (problems.length > 0 || server === undefined || database === undefined)
    throw new ServiceError(
      'SECRET_VALUE_INVALID',
      `Cannot read the connection string in the secret: ${problems.join(' and ')}; ${expected}.`,
    );
  return {
    ...server,
    ...(user && { user }),
    ...(!isEntra && password !== undefined && { password }),
    ...(seconds !== undefined && { connectTimeoutMilliseconds: seconds * 1000 }),
    ...(maxConnections !== undefined && { maxConnections }),
    options: {
      database,
      encrypt,
      trustServerCertificate,
      ...(serverName && { serverName }),
      ...(multiSubnetFailover !== undefined && { multiSubnetFailover }),
      // The driver's own limit is one below that of ADO.NET.
      ...(packetSize !== undefined && { packetSize: Math.min(packetSize, 32_767) }),
    },
  };
}

export type Transport = 'safe' | 'clear' | 'unchecked';

/** Whether the way to another machine can be read (`clear`), or lead to a server that only says that it is the one. */
export function transportOf({ host, options }: ConnectionString): Transport {
  if (isLoopbackHost(host) || options.encrypt === 'strict') return 'safe';
  if (options.encrypt === false) return 'clear';
  return options.trustServerCertificate === true ? 'unchecked' : 'safe';
}

function readPairs(connectionString: string): Read {
  if (/^\s*\w+:\/\//.test(connectionString)) return { values: new Map(), problems: ['it is a URL'] };
  const pairs = adoPairs(connectionString);
  if (pairs === undefined)
    return { values: new Map(), problems: ['it is no list of keyword=value separated by semicolons'] };
  const problems: string[] = [];
  const isBroken = pairs.some(({ value, isQuoted }) => !isQuoted && /^["']|["']$/.test(value));
  if (isBroken)
    problems.push(
      'a value has a quote at its beginning or end without being quoted as a whole (quotes inside are doubled)',
    );
  if (pairs.some(({ value, isQuoted }) => !isQuoted && /^\{.*\}$/s.test(value)))
    problems.push('a value stands in { }, as in ODBC or in a template that nobody has filled in');
  const values = new Map(pairs.map(({ keyword, value }) => [synonyms[keyword] ?? keyword, value]));
  if (/^(?:true|yes|sspi)$/i.test(values.get('integratedsecurity') ?? ''))
    problems.push('it asks for Integrated Security, the login of Windows, which this app does not have');
  if (/^readonly$/i.test(values.get('applicationintent') ?? ''))
    problems.push('it asks for ApplicationIntent=ReadOnly, but replication writes');
  return { values, problems };
}

function oneOf<T>(
  { values, problems }: Read,
  keyword: string,
  known: Readonly<Record<string, T>>,
): T | undefined {
  const value = values.get(keyword)?.toLowerCase();
  if (value === undefined || value === '') return undefined;
  if (!Object.hasOwn(known, value))
    problems.push(`its ${keyword} is none of ${Object.keys(known).join(', ')}`);
  return known[value];
}

function isOwnIdentity({ values, problems }: Read): boolean {
  const authentication = values.get('authentication')?.replace(/\s/g, '').toLowerCase();
  if (authentication === undefined || ['', 'sqlpassword', 'notspecified'].includes(authentication)) {
    (values as Map<string, string>).delete('authentication');
    return false;
  }
  if (ownIdentity.includes(authentication)) return true;
  problems.push(
    'its Authentication is none of Sql Password, Active Directory Managed Identity, Active Directory Default',
  );
  return false;
}

type Server = Pick<ConnectionString, 'host' | 'port' | 'instanceName'>;

function readServer({ values, problems }: Read): Server | undefined {
  const text = values.get('server')?.toLowerCase();
  if (!text) {
    problems.push('it names no Server');
    return undefined;
  }
  const parts = /^(?:tcp:)?([^,\\]+)(?:\\([^,\\]+))?(?:,\s*(\d{1,5}))?$/.exec(text.replace(/\s+$/, ''));
  const [, name = '', instanceName, port = '1433'] = parts ?? [];
  const bare = name.trim().replace(/^\[(.*)\]$/, '$1');
  const host = bare === '.' || bare === '(local)' ? 'localhost' : bare;
  if (
    parts === null ||
    (isIP(host) === 0 && !isHostName(host)) ||
    Number(port) > 65_535 ||
    Number(port) < 1
  ) {
    problems.push('its Server is not written as tcp:host,port or host\\instance');
    return undefined;
  }
  const hasPort = parts[3] !== undefined;
  return { host, port: Number(port), ...(instanceName !== undefined && !hasPort && { instanceName }) };
}

function problemsOfToken(
  password: string | undefined,
  encrypt: boolean | 'strict',
  isTrusting: boolean,
  server: Server | undefined,
): string[] {
  return [
    ...(password ? ["it has both a Password and a login by the app's own identity"] : []),
    ...(encrypt === false || (encrypt === true && isTrusting)
      ? ['a token is sent only with Encrypt=True and TrustServerCertificate=False']
      : []),
    ...(server?.instanceName !== undefined ? ['a token is sent to a port and not to a named instance'] : []),
  ];
}

/** At most two minutes, which also stand for "without end". */
function readSeconds({ values, problems }: Read): number | undefined {
  const text = values.get('connecttimeout');
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,9}$/.test(text)) problems.push('its Connect Timeout is no number of seconds');
  return Number(text) === 0 ? 120 : Math.min(Number(text), 120);
}

function readNumber(
  { values, problems }: Read,
  name: string,
  least: number,
  most: number,
): number | undefined {
  const text = values.get(name.replaceAll(' ', '').toLowerCase());
  if (text === undefined || text === '') return undefined;
  const isFit = /^\d{1,5}$/.test(text) && Number(text) >= least && Number(text) <= most;
  if (!isFit) problems.push(`its ${name} is no number from ${least} to ${most}`);
  return Number(text);
}
