import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { organizationId } from '../../local/sign-ins.ts';
import { userToken } from './callers.ts';
import { rawRequest } from './raw-request.ts';
import { inDatabase, profileBody, runningPlatform } from './running-platform.ts';

const platform = runningPlatform();
const base = '/crm/exporter';
let token: string;

beforeAll(async () => {
  token = await userToken(platform().addresses.entra, 'admin');
});

const send = (method: string, path: string, body?: string | Buffer) =>
  rawRequest(platform().addresses.app, method, base + path, {
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body }),
  });

const profiles = async () =>
  JSON.parse((await send('GET', `/profiles?organizationId=${organizationId}`)).text) as { Name: string }[];

/** The refusal of a request: an `ErrorResponse` whose words are fit for people, without a trace or a secret. */
async function refusalOf(method: string, path: string, body?: string | Buffer, status = 400) {
  const answered = await send(method, path, body);
  expect([answered.status, answered.status === status ? '' : answered.text]).toEqual([status, '']);
  expect(answered.text).not.toMatch(/\n\s+at |\\n\s+at |\.ts:\d|node_modules|exporter:|postgres:\/\/|eyJ/);
  const error = JSON.parse(answered.text) as {
    ErrorCode: string;
    Message: string;
    Details: string;
    Parameters: string[];
  };
  expect(error.Message).toMatch(/^Cannot [a-z]+ .+: .+\.$/s);
  expect(error.Details).not.toBe('');
  return error;
}

/** What `create` and `validate` say of a description that differs from a good one; both must say the same. */
async function refusalOfProfile(differences: object) {
  const description = { ...profileBody(platform(), ['account']), Name: 'Bad', ...differences };
  const body = JSON.stringify(description);
  const created = await refusalOf('POST', '/profiles', body);
  const validated = await refusalOf('POST', '/profiles/validate', body);
  expect(validated.ErrorCode).toBe(created.ErrorCode);
  // Among several kinds, a problem has its cure behind it; the report has it below.
  for (const problem of created.Parameters)
    expect(validated.Message).toContain(problem.replace(/ \([^()]*\)$/, ''));
  return created;
}

describe('a description that is wrong', () => {
  test('every wrong type is told at once', async () => {
    const { ErrorCode, Parameters } = await refusalOfProfile({
      Name: 7,
      DestinationType: ['x'],
      DestinationKeyVaultUri: true,
      DestinationPrefix: 'spaces are bad',
      DestinationSchemaName: '1dbo; DROP',
      Entities: [{ Type: 4 }, 'account', { Type: 'drop table' }, { Type: 'lead', Settings: [1] }, {}],
      RetryPolicy: { MaxRetryCount: 21, IntervalInSeconds: -1, Backoff: 'Exponential' },
      WriteDeleteLog: 'perhaps',
    });
    expect(ErrorCode).toBe('PROFILE_INVALID');
    for (const member of [
      ...['Name', 'DestinationType', 'DestinationKeyVaultUri', 'DestinationPrefix', 'DestinationSchemaName'],
      ...['Entities[0].Type', 'Entities[1]', 'Entities[2].Type', 'Entities[3].Settings', 'Entities[4].Type'],
      ...[
        'RetryPolicy.MaxRetryCount',
        'RetryPolicy.IntervalInSeconds',
        'RetryPolicy.Backoff',
        'WriteDeleteLog',
      ],
    ])
      expect(Parameters).toContainEqual(expect.stringContaining(member));
  });

  test.each([
    [{ Name: ' ' }, 'Name is missing'],
    [{ Name: 'x'.repeat(201) }, 'Name holds at most 200 characters, received 201'],
    [{ Name: 'a\u0000b' }, 'Name must not hold control characters'],
    [{ Name: '\u200B\u2060' }, 'Name must not hold control characters, invisible ones'],
    [{ OrganizationId: 'contoso' }, 'OrganizationId must be a guid, received "contoso"'],
    [{ Entities: [] }, 'Entities is empty; expected at least one table'],
    [{ Entities: 'account' }, 'Entities must be a list, received a string'],
    [{ Entities: [{ Type: 'account' }, { Type: 'Account' }] }, 'Entities names more than once: "account"'],
    [{ DestinationPrefix: 'a2345678901234_' }, 'DestinationPrefix must be fewer than 15'],
    [{ DestinationPrefix: 'größe' }, 'DestinationPrefix must be fewer than 15'],
    [{ DestinationSchemaName: 'x'.repeat(64) }, 'DestinationSchemaName must be'],
  ])('%j', async (differences, sentence) => {
    const { ErrorCode, Message } = await refusalOfProfile(differences);
    expect([ErrorCode, Message]).toEqual(['PROFILE_INVALID', expect.stringContaining(sentence)]);
  });

  test.each([
    ['TABLE_UNKNOWN', 'foo', 'table "foo" does not exist in the organization'],
    ['TABLE_NOT_EXPORTABLE', 'activitypointer', 'table "activitypointer" cannot be exported'],
    ['DATAVERSE_TRACKING_OFF', 'userquery', 'table "userquery" has no change tracking'],
  ])('%s', async (code, Type, sentence) => {
    const refused = await refusalOfProfile({ Entities: [{ Type: 'account' }, { Type }] });
    expect([refused.ErrorCode, refused.Message]).toEqual([code, expect.stringContaining(sentence)]);
    expect(refused.Message).not.toContain('"account"');
  });

  test('problems of different kinds are told together', async () => {
    const { ErrorCode, Message } = await refusalOfProfile({
      DestinationPrefix: 'much-too-long-prefix',
      Entities: [{ Type: 'foo' }, { Type: 'activitypointer' }, { Type: 'userquery' }],
    });
    expect(ErrorCode).toBe('PROFILE_INVALID');
    for (const part of ['DestinationPrefix', '"foo"', '"activitypointer"', '"userquery"'])
      expect(Message).toContain(part);
  });

  test('an organization that is not served is unknown', async () => {
    const { ErrorCode } = await refusalOfProfile({ OrganizationId: '12345678-1234-4234-8234-123456789012' });
    expect(ErrorCode).toBe('ORGANIZATION_UNKNOWN');
  });
});

test('a connection string that is pasted into the wrong place is repeated nowhere, not in the log either', async () => {
  const pasted = 'Server=tcp:db.example,1433;User ID=sa;Password=hunter2hunter2;';
  const body = (differences: object) =>
    JSON.stringify({ ...profileBody(platform(), ['account']), Name: 'Pasted', ...differences });
  const { Name: _, ...members } = profileBody(platform(), ['account']);
  const wrong = [
    ...Object.keys(members).map((name) => body({ [name]: pasted })),
    body({ Entities: [{ Type: pasted, Settings: { [pasted]: {} } }] }),
    body({ RetryPolicy: { MaxRetryCount: pasted, IntervalInSeconds: pasted, Backoff: pasted } }),
    body({ Name: pasted, DestinationPrefix: '-' }),
  ];
  const query = encodeURIComponent(pasted);
  const url = `organizationUrl=${platform().addresses.dataverse}`;
  const refused = [
    ...(await Promise.all(
      wrong.flatMap((text) => [
        refusalOf('POST', '/profiles', text),
        refusalOf('POST', '/profiles/validate', text),
      ]),
    )),
    await refusalOf('GET', `/profiles?organizationId=${organizationId}&status=${query}`),
    await refusalOf('GET', `/metadata/discover?organizationUrl=${query}`),
    await refusalOf('GET', `/metadata/connector?${url}&organizationId=${query}`),
    await refusalOf('GET', `/profiles/${query}`, undefined, 404),
    await refusalOf('GET', `/elsewhere/${query}`, undefined, 404),
  ];
  for (const error of refused) expect(JSON.stringify(error)).not.toContain('hunter2');
});

describe('an address of a secret that is not allowed', () => {
  test.each([
    '',
    'reporting',
    'http://localhost/secrets/reporting',
    'ftp://localhost/secrets/reporting',
    'https://localhost/secrets/reporting',
    'https://localhost:1/secrets/reporting',
    'https://contoso.vault.azure.net/secrets/reporting',
    'https://localhost:PORT.evil.example/secrets/reporting',
    'https://localhost:PORT@evil.example/secrets/reporting',
    'https://evil.example/?https://localhost:PORT/secrets/reporting',
    'https://user@localhost:PORT/secrets/reporting',
    'https://user:p4ssw0rd@localhost:PORT/secrets/reporting',
    'https://127.0.0.1:PORT/secrets/reporting',
    'https://localhost.:PORT/secrets/reporting',
    'https://localhost:PORT',
    'https://localhost:PORT/',
    'https://localhost:PORT/secrets',
    'https://localhost:PORT/secrets/',
    'https://localhost:PORT//secrets/reporting',
    'https://localhost:PORT/secrets//reporting',
    'https://localhost:PORT/Secrets/reporting',
    'https://localhost:PORT/keys/reporting',
    'https://localhost:PORT/secrets/../secrets/reporting',
    'https://localhost:PORT/secrets/re%70orting',
    'https://localhost:PORT/secrets/reporting/1',
    'https://localhost:PORT/secrets/reporting/0123456789abcdef0123456789abcdef/more',
    'https://localhost:PORT/secrets/reporting;',
    'https://localhost:PORT/secrets/reporting?api-version=7.4',
    'https://localhost:PORT/secrets/reporting#x',
    'https://localhost:PORT/secrets/repor ting',
    'https://localhost:PORT\\secrets\\reporting',
    'https:localhost:PORT/secrets/reporting',
  ])('"%s"', async (form) => {
    const address = form.replace('PORT', new URL(platform().addresses.keyvault).port);
    const { ErrorCode, Message } = await refusalOfProfile({ DestinationKeyVaultUri: address });
    expect([ErrorCode, Message]).toEqual([
      'PROFILE_INVALID',
      expect.stringMatching(/DestinationKeyVaultUri is (missing|not an allowed address)/),
    ]);
    expect(Message).not.toMatch(/p4ssw0rd|\.\.$/);
  });

  test.each(['', '/', '/0123456789abcdef0123456789abcdef'])(
    'with "%s" at its end it is stored as it is',
    async (end) => {
      const address = `${platform().addresses.keyvault}/secrets/reporting${end}`;
      const own = {
        Name: `Address ${end}`,
        DestinationPrefix: `v${end.length}`,
        DestinationKeyVaultUri: address,
      };
      const created = await send(
        'POST',
        '/profiles',
        JSON.stringify(profileBody(platform(), ['account'], own)),
      );
      expect(JSON.parse(created.text)).toMatchObject({ DestinationKeyVaultUri: address });
      await send('DELETE', `/profiles/${JSON.parse(created.text).Id}`);
    },
  );
});

describe('a secret that does not open the destination', () => {
  test.each([
    ['missing', 'SECRET_NOT_FOUND', 'the vault has none'],
    ['reporting-untagged', 'SECRET_TAG_MISSING', 'the secret is not tagged for it'],
    ['reporting-other-organization', 'SECRET_TAG_MISSING', 'the secret is not tagged for it'],
    ['unreachable', 'DESTINATION_UNREACHABLE', 'ECONNREFUSED'],
    ['wrong-password', 'DESTINATION_LOGIN_FAILED', 'PostgreSQL refused the login (28P01)'],
  ])('%s: validate and test say so', async (name, code, sentence) => {
    const DestinationKeyVaultUri = `${platform().addresses.keyvault}/secrets/${name}`;
    const own = { Name: `Secret ${name}`, DestinationPrefix: 'secret', DestinationKeyVaultUri };
    const body = JSON.stringify(profileBody(platform(), ['account'], own));
    const validated = await refusalOf('POST', '/profiles/validate', body);
    expect(await profiles()).toEqual([]);
    const { Id } = JSON.parse((await send('POST', '/profiles', body)).text);
    const tested = await refusalOf('GET', `/profiles/${Id}/test`);
    await send('DELETE', `/profiles/${Id}`);
    for (const { ErrorCode, Message, Parameters } of [validated, tested]) {
      expect(ErrorCode).toBe('PROFILE_TEST_FAILED');
      expect(Message).toMatch(/^Cannot use profile "Secret .*": 1 of \d checks failed\.\nerror: Cannot /);
      expect(Message).toContain(sentence);
      expect(Parameters).toEqual([expect.stringContaining(`(${code})`)]);
      expect(Message).not.toContain('wrong@');
    }
  });

  test('a secret of another kind of database is refused', async () => {
    const own = { Name: 'Kind', DestinationType: 'SqlAzure' };
    const body = JSON.stringify(profileBody(platform(), ['account'], own));
    const { Message } = await refusalOf('POST', '/profiles/validate', body);
    expect(Message).toContain('its value is a connection string of PostgreSQL');
  });
});

test('of all this nothing was stored, and the log holds no secret and no defect', async () => {
  expect(await profiles()).toEqual([]);
  expect(await inDatabase(platform(), `SELECT tablename FROM pg_tables WHERE schemaname = 'dbo'`)).toEqual(
    [],
  );
  const folder = join(dirname(dirname(platform().caFile)), 'logs');
  expect(readdirSync(folder)).toContain('app.log');
  const log = readFileSync(join(folder, 'app.log'), 'utf8');
  expect(log).not.toMatch(/exporter:exporter|eyJ|\n\s+at |INTERNAL/);
});
