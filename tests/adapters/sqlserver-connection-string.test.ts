import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openPool } from '../../shared/adapters/sqlserver/connection.ts';
import { readConnectionString } from '../../shared/adapters/sqlserver/connection-string.ts';

const login = 'Database=d;User ID=u;Password=p';
const secure = { encrypt: true, trustServerCertificate: false };

describe('an ADO.NET connection string', () => {
  it('of the portal of Azure is read as it is', () => {
    const text =
      'Server=tcp:Contoso.database.windows.net,1433;Initial Catalog=reporting;Persist Security Info=False;User ID=exporter;Password=p;Max Pool Size=5;MultipleActiveResultSets=False;Encrypt=True;TrustServerCertificate=False;Connection Timeout=30;';
    expect(readConnectionString(text)).toEqual({
      host: 'contoso.database.windows.net',
      port: 1433,
      user: 'exporter',
      password: 'p',
      connectTimeoutMilliseconds: 30_000,
      maxConnections: 5,
      options: { database: 'reporting', ...secure },
    });
  });

  it.each([
    ['h', { host: 'h', port: 1433 }],
    ['tcp:h', { host: 'h', port: 1433 }],
    ['TCP:H , 1500', { host: 'h', port: 1500 }],
    ['h\\sql2019', { host: 'h', port: 1433, instanceName: 'sql2019' }],
    ['h\\sql2019,1500', { host: 'h', port: 1500 }],
    ['.', { host: 'localhost', port: 1433 }],
    ['(local)\\x', { host: 'localhost', port: 1433, instanceName: 'x' }],
    ['::1,1500', { host: '::1', port: 1500 }],
    ['[fe80::1]', { host: 'fe80::1', port: 1433 }],
    ['10.0.0.4', { host: '10.0.0.4', port: 1433 }],
  ])('with Server=%s goes to %j', (server, expected) => {
    const { host, port, instanceName } = readConnectionString(`Server=${server};${login}`);
    expect({ host, port, ...(instanceName && { instanceName }) }).toEqual(expected);
  });

  it.each(['Server', 'Data Source', 'DataSource', 'Address', 'Addr', 'Network Address', ' server '])(
    'names the server by %s',
    (keyword) => expect(readConnectionString(`${keyword}=h;${login}`).host).toBe('h'),
  );

  it.each([
    ['', secure],
    ['Encrypt=', secure],
    ['Encrypt=yes', secure],
    ['Encrypt=Mandatory', secure],
    ['encrypt=STRICT', { encrypt: 'strict', trustServerCertificate: false }],
    ['Encrypt=false', { encrypt: false, trustServerCertificate: false }],
    ['Encrypt=Optional', { encrypt: false, trustServerCertificate: false }],
    ['Encrypt=False;Encrypt=True', secure],
    ['Trust Server Certificate=True', { encrypt: true, trustServerCertificate: true }],
    ['Host Name In Certificate=*.x', { ...secure, serverName: '*.x' }],
    ['MultiSubnetFailover=yes', { ...secure, multiSubnetFailover: true }],
    ['Packet Size=512', { ...secure, packetSize: 512 }],
    ['Packet Size=32768', { ...secure, packetSize: 32_767 }],
    ['ApplicationIntent=ReadWrite;Integrated Security=false;Pooling=nonsense', secure],
  ])('with %j has %j', (more, options) => {
    const read = readConnectionString(`Server=h;${login};${more}`);
    expect(read.options).toEqual({ database: 'd', ...options });
  });

  it.each([
    ['10.0.0.4', '', 'safe'],
    ['db.example', 'Encrypt=no', 'clear'],
    ['db.example', 'TrustServerCertificate=true', 'unchecked'],
    ['db.example', 'Encrypt=strict;TrustServerCertificate=true', 'safe'],
    ['127.0.0.1', 'Encrypt=no', 'safe'],
    ['.', 'TrustServerCertificate=true', 'safe'],
  ])('to %s with %j is %s', (host, more, transport) => {
    expect(openPool(`Server=${host};${login};${more}`).transport).toBe(transport);
  });

  it.each(['Active Directory Managed Identity', 'active directory msi', '"Active Directory Default"'])(
    'with Authentication=%s is a login without a password',
    (authentication) => {
      const read = readConnectionString(`Server=h;Database=d;Authentication=${authentication};UID=client`);
      expect(read).toMatchObject({ user: 'client' });
      expect(read).not.toHaveProperty('password');
    },
  );

  it('takes any value in quotes, whatever stands in it', () => {
    const quotes = fc.constantFrom('"', "'");
    const value = fc.string({ unit: 'binary', minLength: 1 });
    const property = fc.property(value, value, value, quotes, (database, user, password, quote) => {
      const quoted = (text: string) => quote + text.replaceAll(quote, quote + quote) + quote;
      const text = `Server=h ; Database = ${quoted(database)};UID=${quoted(user)} ;;PWD=${quoted(password)}`;
      expect(readConnectionString(text)).toMatchObject({ user, password, options: { database } });
    });
    fc.assert(property, { numRuns: 1000 });
  });

  it('takes a password without quotes as ADO.NET does', () => {
    expect(readConnectionString('Server=h;Database=d;User=u;Password= a=b "c" {d} ;x=y').password).toBe(
      'a=b "c" {d}',
    );
  });
});

describe('a connection string that cannot be used', () => {
  it.each([
    ['', 'it names no Server and it names no Database and it names no User ID and it has no Password'],
    ['mssql://u:Zq7@h/d', 'it is a URL'],
    ['Zq7', 'it is no list of keyword=value'],
    [`Server=h;Database=d;User ID=u;Pasword=Zq7`, 'it has no Password;'],
    ['Server=h;Database=d;User ID=u;Password={Zq7}', 'a value stands in { }'],
    ['Server=h;Database=d;User ID=u;Password="Zq7', 'a quote at its beginning or end'],
    [`Server=h;${login};Integrated Security=SSPI`, 'Integrated Security'],
    [`Server=h;${login};Trusted_Connection=yes`, 'Integrated Security'],
    [`Server=h;${login};Application Intent=ReadOnly`, 'ApplicationIntent=ReadOnly'],
    [`Server=h;${login};Encrypt=Zq7`, 'its encrypt is none of true, yes, false, no, mandatory'],
    [`Server=h;${login};Encrypt=__proto__`, 'its encrypt is none of'],
    [`Server=h;${login};Connect Timeout=Zq7`, 'its Connect Timeout'],
    [`Server=h;${login};Packet Size=Zq7`, 'its Packet Size'],
    [`Server=h;${login};Packet Size=511`, 'its Packet Size'],
    [`Server=h;${login};Packet Size=32769`, 'its Packet Size'],
    [`Server=h;${login};Max Pool Size=0`, 'its Max Pool Size'],
    [`Server=np:\\\\Zq7\\pipe;${login}`, 'its Server is not written as'],
    [`Server=(localdb)\\Zq7;${login}`, 'its Server is not written as'],
    [`Server=Zq7,99999;${login}`, 'its Server is not written as'],
    [`Server=Zq7_;${login};Encrypt=Zq7`, /its encrypt .*its Server|its Server .* its encrypt/],
    [`Server=h;${login};Authentication=Active Directory Integrated`, 'its Authentication is none of'],
    [`Server=h;${login};Authentication=Active Directory Default`, 'both a Password and a login'],
    ['Server=h;Database=d;Authentication=Active Directory Default;Encrypt=no', 'a token is sent only with'],
    [
      'Server=h;Database=d;Authentication=Active Directory Default;TrustServerCertificate=yes',
      'a token is sent only with',
    ],
    ['Server=h\\Zq7;Database=d;Authentication=Active Directory MSI', 'not to a named instance'],
  ])('%j is refused without telling any of it', (text, problem) => {
    expect(() => openPool(text)).toThrow(expect.objectContaining({ code: 'SECRET_VALUE_INVALID' }));
    expect(() => openPool(text)).toThrow(problem);
    expect(() => openPool(text)).not.toThrow(/zq7/i);
  });
});
