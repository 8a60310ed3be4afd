import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openServerCertificate } from '../../local/keyvault/certificate.ts';
import { contosoTenantId, managedIdentity } from '../../local/sign-ins.ts';
import { readsOf, setSecret } from '../simulated-vault.ts';
import { trustAuthority } from '../trust-authority.ts';
import { userToken } from './callers.ts';
import { type EntraFront, startEntraFront } from './entra-front.ts';
import { exporterClient } from './exporter-client.ts';
import { replicatingProfile } from './replicating-profile.ts';
import { inDatabase, profileBody, runningPlatform } from './running-platform.ts';

const platform = runningPlatform({ PAGE_SIZE: '100', ENTRA_DATABASE_HOSTS: '127.0.0.1' });
const tables = ['account', 'contact', 'task'];
const soon = { timeout: 90_000, interval: 300 };
let profile: Awaited<ReturnType<typeof replicatingProfile>>;
let distrust: () => void;

const newPassword = () => `Rotated-${randomBytes(12).toString('hex')}`;
const vault = () => platform().addresses.keyvault;
const databasePort = () => Number(new URL(platform().addresses.database).port);

beforeAll(() => {
  distrust = trustAuthority(platform().caFile);
});
afterAll(() => distrust());

function setLogin(name: string, password: string, tags?: Record<string, string>) {
  const value = `postgres://${name}:${password}@127.0.0.1:${databasePort()}/reporting`;
  return setSecret(vault(), name, value, tags);
}

/** Sets it for the login, and ends the connections that were made with the one before. */
async function setDatabasePassword(name: string, password: string): Promise<void> {
  await inDatabase(platform(), `ALTER ROLE ${name} PASSWORD '${password}'`);
  await inDatabase(
    platform(),
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${name}'`,
  );
}

async function profileOfLogin(name: string, prefix: string) {
  const password = newPassword();
  await inDatabase(platform(), `CREATE ROLE ${name} LOGIN PASSWORD '${password}' IN ROLE exporter`);
  await setLogin(name, password);
  profile = await replicatingProfile(platform(), tables, prefix, {
    DestinationKeyVaultUri: `${vault()}/secrets/${name}`,
  });
  return password;
}

/** The text that the API answers the administrator below `profiles/`, whatever the status. */
async function call(method: string, path: string, body?: object): Promise<string> {
  const { app, entra } = platform().addresses;
  const headers = { authorization: `Bearer ${await userToken(entra, 'admin')}` };
  const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
  return (await fetch(`${app}/crm/exporter/profiles/${path}`, init)).text();
}

/** Until every table has told why it waits. */
async function expectTold(words: string): Promise<void> {
  const told = async () => {
    const lines = (await profile.failureLines()).filter((line) => line.includes(words));
    return tables.filter((table) => lines.some((line) => line.startsWith(`Entity: ${table}, RecordId: N/A`)));
  };
  await expect.poll(told, soon).toEqual(tables);
}

describe('a secret that is rotated under a running replication', () => {
  test('is picked up by itself, whether the vault or the database comes first, and no row is lost', async () => {
    await profileOfLogin('rotating', 'rotating');
    await profile.startChanges();
    const vaultFirst = newPassword();
    await setLogin('rotating', vaultFirst);
    await setDatabasePassword('rotating', vaultFirst);
    await profile.expectEqualSides();

    await profile.startChanges();
    const databaseFirst = newPassword();
    await setDatabasePassword('rotating', databaseFirst);
    await expectTold('PostgreSQL refused the login');
    await setLogin('rotating', databaseFirst);
    await profile.expectEqualSides();
    // Some for the rotations, none for each table and turn.
    expect(await readsOf(vault(), 'rotating')).toBeLessThan(15);
    await profile.delete();
  }, 150_000);

  test('is refused from its next reading on when it lost its tag, until it has one again', async () => {
    const password = await profileOfLogin('untagging', 'untagging');
    await profile.startChanges();
    await setLogin('untagging', password, {});
    // A test reads it again now; by themselves the tables do within five minutes.
    expect(await call('GET', `${profile.id}/test`)).toContain('SECRET_TAG_MISSING');
    await expectTold('the secret is not tagged for it');
    await setLogin('untagging', password);
    await profile.expectEqualSides();
    await profile.delete();
  }, 120_000);
});

describe("a login by the app's own identity", () => {
  const resource = 'https://ossrdbms-aad.database.windows.net';
  let front: EntraFront;

  beforeAll(async () => {
    const { entra } = platform().addresses;
    const keys = createRemoteJWKSet(new URL(`${entra}/${contosoTenantId}/discovery/v2.0/keys`));
    front = await startEntraFront({
      ...openServerCertificate(dirname(platform().caFile)),
      databasePort: databasePort(),
      async isAccepted(token) {
        const { payload } = await jwtVerify(token, keys, { audience: resource });
        return payload.oid === managedIdentity.objectId;
      },
    });
    await inDatabase(
      platform(),
      `CREATE ROLE app_identity LOGIN IN ROLE exporter;
       COPY (SELECT 'host all app_identity 127.0.0.1/32 trust') TO PROGRAM 'cat - pg_hba.conf > hba; mv hba pg_hba.conf';
       SELECT pg_reload_conf()`,
    );
  });
  afterAll(() => front.close());

  test('replicates without any password, and its token goes to the database only', async () => {
    const address = `postgresql://app_identity@127.0.0.1:${front.port}/reporting?authentication=entra`;
    await setSecret(vault(), 'passwordless', address);
    profile = await replicatingProfile(platform(), tables, 'entra', {
      DestinationKeyVaultUri: `${vault()}/secrets/passwordless`,
    });
    await profile.startChanges();
    await profile.expectEqualSides();
    expect(front.counts.accepted).toBeGreaterThan(0);
    expect(front.counts.refused).toBe(0);
    await profile.delete();
  }, 90_000);
});

describe('an answer of the API', () => {
  const marker = 'Unmistakable-0123456789';
  const parts = {
    user: `u${marker}`,
    password: `p${marker}`,
    host: `h${marker}.example`,
    database: `d${marker}`,
  };
  const { user, password, host, database } = parts;

  test.each([
    [
      'a login that is refused',
      () => `postgres://${user}:${password}@127.0.0.1:${databasePort()}/${database}`,
    ],
    ['a server that is unknown', () => `postgres://${user}:${password}@${host}/${database}`],
    ['no connection string', () => marker],
    ['a broken URL', () => `postgres://${user}:${password}@${host}:x/${database}`],
    ['both ways to log in', () => `postgres://${user}:${password}@${host}/${database}?authentication=entra`],
    ['a server that gets no token', () => `postgres://${user}@${host}/${database}?authentication=entra`],
    ['the other database', () => `Server=${host};User Id=${user};Password=${password};Database=${database}`],
    ['no tag', () => `postgres://${user}:${password}@${host}/${database}`],
  ])('about a secret with %s shows no part of it', async (what, value) => {
    const name = what.replaceAll(' ', '-');
    await setSecret(vault(), name, value(), what === 'no tag' ? {} : undefined);
    const body = profileBody(platform(), ['account'], {
      Name: what,
      DestinationPrefix: 'told',
      DestinationKeyVaultUri: `${vault()}/secrets/${name}`,
    });
    const { Id } = await (await exporterClient(platform().addresses)).create(body);
    const answers = [
      await call('POST', 'validate', { ...body, Name: `${what} again`, DestinationPrefix: 'untold' }),
      await call('GET', `${Id}/test`),
      await call('POST', `${Id}/activate`),
      await call('DELETE', Id),
    ];
    expect(answers[1]).toMatch(/SECRET_|DESTINATION_/);
    expect(answers.join('\n').toLowerCase()).not.toContain(marker.toLowerCase());
  });
});
