import { beforeAll, describe, expect, inject, test } from 'vitest';
import { deploymentTool, toolDescription, urlEncode } from './deployment-tool.ts';
import { trialProfiles } from './trial-profiles.ts';

const { address, tokens, organizationId, destinationType, tables } = inject('deployment');
const profiles = trialProfiles('tool');
const tool = deploymentTool(address, tokens.admin);
let connectorUrl: string;
let organizationUrl: string;
let connector: ReturnType<typeof tool.at>;

beforeAll(async () => {
  const found = (await tool.organizations()).find(({ OrganizationId }) => OrganizationId === organizationId);
  const { ConnectorUrl, OrganizationUrl } = await tool.discover(found?.OrganizationUrl ?? '');
  connectorUrl = ConnectorUrl ?? '';
  organizationUrl = OrganizationUrl ?? '';
  connector = tool.at(connectorUrl);
});

const description = (differences: object = {}) =>
  toolDescription(
    {
      ...profiles.fresh(),
      DestinationType: destinationType.toLowerCase(),
      ...differences,
    },
    tables,
  );

const create = async (differences: object = {}) => {
  const created = await connector.create(description(differences));
  return { ...created, Id: created.Id ?? '', Name: created.Name ?? '' };
};

/** The tool's verdict: every table has a status, and it is one of these two. */
const isLoaded = async (id: string) =>
  (await connector.profile(id)).Entities.every(({ Status }) => {
    if (Status === null || Status === undefined) throw new Error('NullReferenceException');
    return ['completed', 'completedwithfailures'].includes((Status.InitialSyncState ?? '').toLowerCase());
  });

/** Deletes the profile of that name, unless it is deleted already. */
async function deleteByName(name: string): Promise<void> {
  const known = (await connector.profiles(organizationId)).find(({ Name }) => Name === name);
  if (known && known.State !== '3') await connector.delete(known.Id ?? '');
}

describe('finding the organization', () => {
  test('rule 9: rooted paths are appended to the connector, which has none of its own', () => {
    expect(connectorUrl).toBe(new URL(connectorUrl).origin);
  });

  test('rule 10: the query name is in lower case here, in camel case there', async () => {
    const names = (await connector.entities(organizationUrl)).map(({ LogicalName }) => LogicalName);
    expect(names).toEqual(expect.arrayContaining([...tables]));
    // These are never offered: one for all activities, and one behind a relationship.
    for (const hidden of ['activitypointer', 'systemuserroles']) expect(names).not.toContain(hidden);
  });

  test('rule 11: the address travels unescaped, and as a form; what is handed out ends with a slash', async () => {
    expect(organizationUrl).toMatch(/[^/]\/$/);
    expect(new URL(`${organizationUrl}XRMServices/2011/Organization.svc`).pathname).toBe(
      '/XRMServices/2011/Organization.svc',
    );
    for (const url of [organizationUrl, organizationUrl.slice(0, -1)]) {
      expect(urlEncode(url)).toContain('%3a%2f%2f');
      expect((await tool.discover(url)).OrganizationId).toBe(organizationId);
      expect((await connector.entities(url)).length).toBeGreaterThan(0);
    }
    // A blank at the end, as a form writes it.
    expect((await tool.discover(`${organizationUrl} `)).OrganizationId).toBe(organizationId);
  });

  test('rule 12: the connector answers metadata, too', async () => {
    const other = deploymentTool(connectorUrl, tokens.admin);
    expect((await other.discover(organizationUrl)).ConnectorUrl).toBe(connectorUrl);
    expect((await other.organizations()).length).toBeGreaterThan(0);
  });

  test('rule 4: who is no administrator is told "failed authorization"', async () => {
    await expect(deploymentTool(address, tokens.reader).discover(organizationUrl)).rejects.toThrow(
      /failed authorization/i,
    );
  });
});

describe('setting up an export', () => {
  test('rule 1: validated, created, activated, polled until it is loaded, deleted by name, created again', async () => {
    const body = description();
    await connector.validate(body);
    for (let round = 0; round < 2; round += 1) {
      const { Id, Name, State } = await connector.create(body);
      expect([Name, State]).toEqual([body.Name, '0']);
      expect(await connector.activate(Id ?? '')).toEqual({ Id, State: '1' });
      await expect.poll(() => isLoaded(Id ?? ''), { timeout: 120_000, interval: 500 }).toBe(true);
      await deleteByName(body.Name);
      await expect(connector.profile(Id ?? '')).rejects.toThrow('PROFILE_NOT_FOUND');
    }
  }, 300_000);

  test('rule 13: activation with a content type and no byte of a body gives an object', async () => {
    const { Id } = await create();
    expect(await connector.activate(Id)).toEqual({ Id, State: '1' });
    expect(await connector.activate(Id)).toEqual({ Id, State: '1' });
  });

  test('rule 15: nulls are as good as absent', async () => {
    const nulls = { DestinationSchemaName: null, RetryPolicy: null, WriteDeleteLog: null };
    const { Id } = await create(nulls);
    expect(await connector.profile(Id)).toMatchObject({ State: '0' });
  });

  test('rule 16: "sqlazure" and "Simple" are names in the case of the tool', async () => {
    const { Id } = await create({ DestinationType: 'sqlazure' });
    expect(await connector.profile(Id)).toMatchObject({ Version: '1', OrganizationUrl: organizationUrl });
  });

  test('rule 17: the date of the last export is a date or absent, because it cannot be null', async () => {
    const { Id } = await create();
    await connector.activate(Id);
    for (const { Status } of (await connector.profile(Id)).Entities)
      expect([undefined, Date]).toContain(Status?.LastExportDate?.constructor);
  });

  test('a failure is told in the words of its answer', async () => {
    const { Name } = await create();
    await expect(connector.create(description({ Name }))).rejects.toThrow(/the name is taken/);
    await expect(
      connector.validate(description({ DestinationPrefix: 'much-too-long-prefix' })),
    ).rejects.toThrow(/DestinationPrefix must be fewer than 15/);
  });
});
