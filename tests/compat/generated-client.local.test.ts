import { describe, expect, inject, test } from 'vitest';
import { anyErrorResponse } from './any-client.ts';
import { type ErrorResponse, generatedClient, type ProfileDetails, type Result } from './generated-client.ts';
import { trialProfiles } from './trial-profiles.ts';

const { address, tokens, organizationId, organizationUrl, tables } = inject('deployment');
const profiles = trialProfiles('generated');
const client = generatedClient(`${address}/`, tokens.admin);
const nobody = generatedClient(address, 'garbage');
const reader = generatedClient(address, tokens.reader);
const unknownId = '12345678-1234-4234-8234-123456789012';

/** `ProfileDescriptionBase` as the client writes it: its `Settings` become `Object`. */
const description = (differences: object = {}) => ({
  ...profiles.fresh(),
  DestinationSchemaName: 'dbo',
  Entities: tables.map((Type) => ({ Type, Object: {} })),
  RetryPolicy: { MaxRetryCount: 5, IntervalInSeconds: 5, Backoff: '0' },
  WriteDeleteLog: true,
  ...differences,
});

function successOf<Model>({ status, body }: Result<Model>): Model {
  expect([status, status === 200 ? '' : body]).toEqual([200, '']);
  return body as Model;
}

function errorOf({ status, body }: Result<unknown>): ErrorResponse & { status: number } {
  expect(body).toEqual(anyErrorResponse());
  return { ...(body as ErrorResponse), status };
}

async function created(differences: object = {}): Promise<ProfileDetails & { Id: string }> {
  const profile = successOf(await client.createProfile(description(differences)));
  if (profile?.Id === undefined) throw new Error('The profile has no id.');
  return { ...profile, Id: profile.Id };
}

describe('metadata', () => {
  test('rule 6: organizations, tables and relationships are bare lists', async () => {
    const organizations = successOf(await client.organizations());
    expect(organizations).toContainEqual(expect.objectContaining({ OrganizationId: organizationId }));
    const entities = successOf(await client.entities(organizationUrl));
    for (const table of tables)
      expect(entities).toContainEqual({ DisplayName: expect.any(String), LogicalName: table });
    for (const relationship of successOf(await client.relationships(organizationUrl)) ?? [])
      expect(relationship).toEqual({
        Entity1LogicalName: expect.any(String),
        Entity2LogicalName: expect.any(String),
        IntersectLogicalName: expect.any(String),
        IsIntersect: true,
        Name: expect.any(String),
      });
  });

  test('rule 9: the connector has no slash at its end, so that it can be the base of further calls', async () => {
    const { ConnectorUrl = '' } = successOf(await client.connector(organizationUrl, organizationId)) ?? {};
    expect(ConnectorUrl).toBe(new URL(ConnectorUrl).origin);
    expect(successOf(await generatedClient(ConnectorUrl, tokens.admin).discover(organizationUrl))).toEqual({
      ConnectorUrl,
      OrganizationId: organizationId,
      OrganizationName: expect.any(String),
      OrganizationUrl: `${organizationUrl.replace(/\/$/, '')}/`,
    });
  });

  test('rule 8: the privacy terms are a bare boolean', async () => {
    const isAccepted = successOf(await client.hasOrgAcceptedPrivacyTerms(organizationId));
    expect(isAccepted).toBeTypeOf('boolean');
    // What was answered before is answered again: an answer is a person's, not a test's.
    if (isAccepted !== undefined)
      expect(successOf(await client.acceptOrgPrivacyTerms(organizationUrl, organizationId, isAccepted))).toBe(
        isAccepted,
      );
  });

  test('rule 11: an address that is escaped whole is understood, with and without a slash at its end', async () => {
    const bare = organizationUrl.replace(/\/$/, '');
    for (const url of [bare, `${bare}/`])
      expect(successOf(await client.discover(url))).toMatchObject({ OrganizationId: organizationId });
  });

  test('rule 2: an unknown organization is 400, because 404 is not declared here', async () => {
    for (const failed of [
      await client.discover('https://elsewhere.example/'),
      await client.entities('https://elsewhere.example/'),
      await client.relationships('https://elsewhere.example/'),
      await client.connector('https://elsewhere.example/', organizationId),
      await client.connector(organizationUrl, unknownId),
      await client.hasOrgAcceptedPrivacyTerms(unknownId),
      await client.acceptOrgPrivacyTerms('https://elsewhere.example/', unknownId, false),
    ])
      expect(errorOf(failed).status).toBe(400);
  });

  test('rule 3: a 401 and a 403 end in no result, whatever their text', async () => {
    expect(await nobody.connector(organizationUrl, organizationId)).toEqual({ status: 401, body: null });
    expect(await reader.connector(organizationUrl, organizationId)).toEqual({ status: 403, body: null });
    expect(await reader.profiles(organizationId)).toEqual({ status: 403, body: null });
  });
});

describe('the life of a profile', () => {
  test('rule 1: every operation answers 200, and its model can be read', async () => {
    const body = description();
    expect(successOf(await client.validate(body))).toBeTypeOf('string');
    const { Id = '' } = successOf(await client.createProfile(body)) ?? {};
    expect(successOf(await client.getProfile(Id))).toMatchObject({ Name: body.Name, State: '0' });
    expect(successOf(await client.test(Id))).toBeTypeOf('string');
    for (const [call, State] of [
      ['activateMetadata', '1'],
      ['activateData', '1'],
      ['activate', '1'],
      ['deactivate', '0'],
    ] as const)
      expect([call, successOf(await client[call](Id))]).toEqual([call, { Id, State }]);
    const list = successOf(await client.profiles(organizationId, true)) ?? [];
    expect(list.find((profile) => profile.Id === Id)?.Entities?.map(({ Type }) => Type)).toEqual(tables);
    expect(successOf(await client.failures(Id))).toEqual({
      FailureBlobUri: expect.stringMatching(/^https?:/),
    });
    successOf(await client.deleteProfile(Id));
    expect(errorOf(await client.getProfile(Id)).status).toBe(404);
    expect(
      (successOf(await client.profiles(organizationId)) ?? []).map((profile) => profile.Id),
    ).not.toContain(Id);
  });

  test('rule 7: what validate, test and delete say is a text or nothing', async () => {
    const body = description();
    const { Id } = await created(body);
    expect(['string', 'undefined']).toContain(typeof successOf(await client.test(Id)));
    expect(['string', 'undefined']).toContain(typeof successOf(await client.deleteProfile(Id)));
    expect(['string', 'undefined']).toContain(typeof successOf(await client.validate(body)));
  });

  test('rule 13: activation without a body and without a content type starts the profile', async () => {
    const { Id } = await created();
    expect(successOf(await client.activate(Id))).toEqual({ Id, State: '1' });
    expect(successOf(await client.deactivate(Id))).toEqual({ Id, State: '0' });
  });

  test('rule 17: dates are read as dates, before and after the activation', async () => {
    const { Id, CreationTime, LastModified } = await created();
    for (const date of [CreationTime, LastModified])
      expect(Math.abs(Date.now() - (date as Date).getTime())).toBeLessThan(15 * 60_000);
    await client.activate(Id);
    expect(successOf(await client.getProfile(Id, true))).toMatchObject({ ActivationTime: expect.any(Date) });
  });

  test('an id is escaped whole, and one that is none is a 404', async () => {
    for (const id of [unknownId, 'no guid/at all', 'ünïcödé', '%2F', '..'])
      expect([id, errorOf(await client.test(id)).status]).toEqual([id, 404]);
  });

  test('rule 3: 400, 404 and 412 carry an object that reads as ErrorResponse', async () => {
    const { Id, Version } = await created();
    const profile = successOf(await client.getProfile(Id));
    expect(errorOf(await client.createProfile({})).status).toBe(400);
    expect(errorOf(await client.deleteProfile(unknownId)).status).toBe(404);
    successOf(await client.updateProfile(Id, { ...profile, Version }));
    expect(errorOf(await client.updateProfile(Id, { ...profile, Version })).status).toBe(412);
  });
});

describe('an update', () => {
  test('rule 15: what was read can be sent back: unknown members, none of the settings, dates written anew', async () => {
    const { Id } = await created();
    await client.activate(Id);
    const before = successOf(await client.getProfile(Id, true));
    expect(successOf(await client.updateProfile(Id, before ?? {}))).toMatchObject({ Id });
    const after = successOf(await client.getProfile(Id));
    expect(after?.Version).not.toBe(before?.Version);
    expect(after?.UpdateTime).toBeInstanceOf(Date);
    for (const name of ['Name', 'DestinationPrefix', 'DestinationType', 'RetryPolicy', 'State'] as const)
      expect(after?.[name]).toEqual(before?.[name]);
    expect(after?.Entities?.map(({ Type }) => Type)).toEqual(tables);
  });

  test('rule 17: dates come back in any form that Json.NET writes', async () => {
    const { Id } = await created();
    for (const date of [
      '2023-11-20T22:10:17.123Z',
      '2023-11-20T22:10:17',
      '2023-11-20T22:10:17.1234567+01:00',
      '0001-01-01T00:00:00',
    ]) {
      const profile = successOf(await client.getProfile(Id));
      const dates = { CreationTime: date, LastModified: date, ActivationTime: date, UpdateTime: date };
      const entities = profile?.Entities?.map((entity) => ({ ...entity, LastDeltaSyncDataTime: date }));
      successOf(await client.updateProfile(Id, { ...profile, ...dates, Entities: entities ?? [] }));
    }
  });

  test('rule 16: enumerations that came as numbers go back as numbers in text', async () => {
    const { Id } = await created();
    const profile = successOf(await client.getProfile(Id));
    expect(profile).toMatchObject({ State: '0', RetryPolicy: { Backoff: '0' } });
    successOf(await client.updateProfile(Id, profile ?? {}));
    expect(successOf(await client.getProfile(Id))).toMatchObject({
      State: '0',
      RetryPolicy: { Backoff: '0' },
    });
  });

  test('the version is a text that no client takes for a date', async () => {
    const { Id, Version } = await created();
    expect(Version).toMatch(/^\d+$/);
    const profile = successOf(await client.getProfile(Id));
    const { Version: _, ...withoutVersion } = profile ?? {};
    expect(errorOf(await client.updateProfile(Id, withoutVersion)).Message).toContain('Version');
    expect(errorOf(await client.updateProfile(Id, { ...profile, Id: unknownId })).status).toBe(400);
  });
});
