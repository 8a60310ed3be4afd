import { TableClient, TableServiceClient } from '@azure/data-tables';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { setSecret } from '../simulated-vault.ts';
import { trustAuthority } from '../trust-authority.ts';
import { clientToken, userToken } from './callers.ts';
import { rawRequest } from './raw-request.ts';
import { inDatabase, profileBody, runningPlatform, simulator } from './running-platform.ts';

const platform = runningPlatform({ PRIVACY_TERMS_REQUIRED: 'false' });
let token: string;
let distrust: () => void;
const created: string[] = [];

beforeAll(async () => {
  token = await userToken(platform().addresses.entra, 'admin');
  distrust = trustAuthority(platform().caFile);
});
afterAll(() => distrust());
afterEach(async () => {
  await simulator(platform(), 'DELETE', '/faults');
  for (const id of created.splice(0)) await send('DELETE', `/${id}`);
});

const twelve = ['account', 'annotation', 'businessunit', 'contact', 'email', 'incident'].concat([
  'lead',
  'opportunity',
  'systemuser',
  'systemuserroles',
  'task',
  'team',
]);

async function send(method: string, path: string, body?: object, bearer = token) {
  const { status, text } = await rawRequest(
    platform().addresses.app,
    method,
    `/crm/exporter/profiles${path}`,
    {
      headers: { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    },
  );
  return { status, body: text === '' ? undefined : JSON.parse(text) };
}

async function create(tables: readonly string[], differences: object): Promise<string> {
  const { status, body } = await send('POST', '', profileBody(platform(), tables, differences));
  expect([status, body]).toMatchObject([200, { State: 0 }]);
  created.push(body.Id);
  return body.Id;
}

const validate = (tables: readonly string[], differences: object = {}) =>
  send('POST', '/validate', profileBody(platform(), tables, differences));
const secretOf = (name: string) => ({
  DestinationKeyVaultUri: `${platform().addresses.keyvault}/secrets/${name}`,
});
const destinationAs = (login: string, password: string) =>
  Object.assign(new URL(platform().addresses.destination), { username: login, password }).href;

describe('a report', () => {
  test('of a profile that passes says what was seen', async () => {
    const { status, body } = await validate(twelve, { Name: 'Sales' });
    expect([status, body]).toEqual([
      200,
      expect.stringMatching(
        new RegExp(
          [
            '^Profile "Sales" passed\\.',
            'ok: Dataverse was reached; all 12 tables can be exported and read: "account", "annotation", .*"team"\\.',
            'ok: The secret was read; it is tagged for the organization and holds a connection string\\.',
            'ok: Connected to PostgreSQL [\\d.]+.*, database "reporting", as "exporter"\\.',
            'ok: A table was made in schema "dbo", altered, written, and taken back\\.',
            'ok: Nothing stands in the way of the tables: 0 of 12 exist, 12 will be made\\.$',
          ].join('\\n'),
        ),
      ),
    ]);
  });

  test('of one that fails tells all at once, worst first, with the cures', async () => {
    await inDatabase(
      platform(),
      `CREATE ROLE poor LOGIN PASSWORD 'poor'; GRANT USAGE ON SCHEMA dbo TO poor; GRANT CONNECT ON DATABASE reporting TO poor;
       CREATE VIEW dbo.s_contact AS SELECT 1 AS one`,
    );
    await setSecret(platform().addresses.keyvault, 'poor', destinationAs('poor', 'poor'));
    await simulator(platform(), 'POST', '/privileges', { role: 'Data Export', table: 'lead', read: 'Local' });
    const { status, body } = await validate(['contact', 'lead', 'userquery', 'nowhere'], {
      Name: 'Sales',
      DestinationPrefix: 's',
      ...secretOf('poor'),
    });
    await simulator(platform(), 'POST', '/privileges', {
      role: 'Data Export',
      table: 'lead',
      read: 'Global',
    });
    await inDatabase(platform(), 'DROP VIEW dbo.s_contact');
    expect([status, body.ErrorCode]).toEqual([400, 'PROFILE_TEST_FAILED']);
    expect(body.Message.split('\n')).toEqual([
      'Cannot use profile "Sales": 6 of 8 checks failed.',
      'error: table "userquery" has no change tracking. (DATAVERSE_TRACKING_OFF)',
      expect.stringMatching(/^ {2}Cure: Turn change tracking on/),
      'error: table "nowhere" does not exist in the organization. (TABLE_UNKNOWN)',
      expect.stringMatching(/^ {2}Cure: Use a table/),
      'error: Cannot read every row of "lead": the app\'s application user lacks read over the whole organization. (DATAVERSE_PRIVILEGE_MISSING)',
      expect.stringMatching(/^ {2}Cure: Give the application user/),
      'error: Cannot stage rows: login "poor" lacks TEMP on database "reporting". (DESTINATION_PERMISSION_MISSING)',
      'error: Cannot make tables in schema "dbo": login "poor" lacks CREATE on it. (DESTINATION_PERMISSION_MISSING)',
      expect.stringMatching(/^ {2}Cure: Grant/),
      'error: Cannot use table "s_contact": a view has its name. (DESTINATION_TABLE_CONFLICT)',
      expect.stringMatching(/^ {2}Cure: Rename/),
      'ok: The secret was read; it is tagged for the organization and holds a connection string.',
      expect.stringMatching(/^ok: Connected to PostgreSQL/),
    ]);
  });

  test('tells of the source although the vault fails, and of the vault although the description is wrong', async () => {
    const { body } = await validate(['nowhere'], { Name: ' ', ...secretOf('missing') });
    expect(body.ErrorCode).toBe('PROFILE_TEST_FAILED');
    for (const found of ['Name is missing', '(TABLE_UNKNOWN)', '(SECRET_NOT_FOUND)'])
      expect(body.Message).toContain(found);
  });

  test('tells of the destination although Dataverse does not answer', async () => {
    const id = await create(['account'], { Name: 'Without source', DestinationPrefix: 'ws' });
    const bearer = await clientToken(platform().addresses.entra, 'deploying');
    await simulator(platform(), 'POST', '/faults', {
      route: 'EntityDefinitions',
      kind: 'unauthorized',
      count: 99,
    });
    const { status, body } = await send('GET', `/${id}/test`, undefined, bearer);
    expect([status, body.ErrorCode]).toEqual([400, 'PROFILE_TEST_FAILED']);
    expect(body.Message).toMatch(
      /^Cannot use profile "Without source": 1 of \d checks failed\.\nerror: .*DATAVERSE_UNAUTHORIZED/,
    );
    expect(body.Message).toContain('ok: A table was made in schema "dbo"');
  });
});

describe('a test', () => {
  test('reads the secret afresh: a login that was rotated away shows at once', async () => {
    await inDatabase(platform(), `CREATE ROLE fresh LOGIN PASSWORD 'first' IN ROLE exporter`);
    await setSecret(platform().addresses.keyvault, 'fresh', destinationAs('fresh', 'first'));
    const id = await create(['account'], { Name: 'Fresh', DestinationPrefix: 'f', ...secretOf('fresh') });
    expect((await send('GET', `/${id}/test`)).status).toBe(200);
    await setSecret(platform().addresses.keyvault, 'fresh', destinationAs('fresh', 'second'));
    expect((await send('GET', `/${id}/test`)).body.Message).toContain('(DESTINATION_LOGIN_FAILED)');
    await inDatabase(platform(), `ALTER ROLE fresh PASSWORD 'second'`);
    expect((await send('GET', `/${id}/test`)).status).toBe(200);
  });

  test('names the profile that fills the same tables by another secret of the same database', async () => {
    const { destination, keyvault } = platform().addresses;
    await setSecret(keyvault, 'another', destination);
    const id = await create(['team'], { Name: 'First', DestinationPrefix: 'o' });
    await send('POST', `/${id}/activate`);
    const filled = async () =>
      (await send('GET', `/${id}?status=true`)).body.Entities[0].Status.InitialSyncState;
    await expect.poll(filled, { timeout: 90_000, interval: 300 }).toBe('Completed');
    const second = { Name: 'Second', DestinationPrefix: 'o', ...secretOf('another') };
    const { body } = await validate(['team', 'account'], second);
    expect(body.Message).toContain(
      'error: Cannot fill "team": profile "First" fills the same tables of this database; another schema or prefix is needed. (DESTINATION_TABLE_CONFLICT)',
    );
    expect((await send('GET', `/${id}/test`)).body).toContain('1 of 1 exist, 0 will be made.');
  });
});

test('twenty at once all answer, and nothing is left behind, neither in the database nor in storage', async () => {
  const id = await create(twelve, { Name: 'Often', DestinationPrefix: 'often' });
  const before = [await catalog(), await storedProfiles()];
  expect(before[1]).toContainEqual(expect.stringContaining('Often'));
  const calls = Array.from({ length: 10 }, () => [
    send('GET', `/${id}/test`),
    validate(twelve, { Name: 'Often too', DestinationPrefix: 'often2' }),
  ]);
  for (const { status, body } of await Promise.all(calls.flat()))
    expect([status, body]).toEqual([200, expect.stringContaining('passed.')]);
  expect([await catalog(), await storedProfiles()]).toEqual(before);
});

/** Everything in the database that a statement can make. */
const catalog = () =>
  inDatabase(
    platform(),
    `SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
     UNION ALL SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1`,
  );

/** All that is stored of profiles and their tables; timers write elsewhere. */
async function storedProfiles(): Promise<readonly string[]> {
  const connection = platform().environment.AzureWebJobsStorage as string;
  const options = { allowInsecureConnection: true };
  const stored: string[] = [];
  for await (const { name = '' } of TableServiceClient.fromConnectionString(
    connection,
    options,
  ).listTables()) {
    if (!['Profiles', 'SyncStates', 'PrivacyTerms'].includes(name)) continue;
    for await (const entity of TableClient.fromConnectionString(connection, name, options).listEntities())
      stored.push(JSON.stringify(entity));
  }
  return stored;
}

// The last one: what it no longer waits for takes places at the organization for a while.
test('a large profile whose definitions come slowly passes the test, which says what it has not seen', async () => {
  const slow = { route: '*EntityDefinitions(LogicalName=*', kind: 'slow', milliseconds: 18_000, count: 99 };
  await simulator(platform(), 'POST', '/faults', slow);
  const { status, body } = await validate(twelve, { Name: 'Slow' });
  expect([status, body]).toEqual([
    200,
    expect.stringMatching(
      /^Profile "Slow" passed, with 1 warning\.\nwarning: .*12 of 12 definitions were not read/,
    ),
  ]);
});
