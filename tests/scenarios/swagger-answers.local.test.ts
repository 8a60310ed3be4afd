import SwaggerParser from '@apidevtools/swagger-parser';
import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { organizationId } from '../../local/sign-ins.ts';
import { userToken } from './callers.ts';
import { headerValues, rawRequest } from './raw-request.ts';
import { profileBody, runningPlatform } from './running-platform.ts';

const platform = runningPlatform();

type Schema = { readonly type?: string; readonly properties?: object; readonly items?: Schema };
type Operation = {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, { readonly schema: Schema }>>;
};
type Described = { readonly method: string; readonly path: string; readonly operation: Operation };

let token: string;
const operations = new Map<string, Described>();

beforeAll(async () => {
  token = await userToken(platform().addresses.entra, 'admin');
  const answer = await fetch(`${platform().addresses.app}/swagger/docs/2016-01-01`);
  const document = await SwaggerParser.dereference((await answer.json()) as never);
  for (const [path, methods] of Object.entries(document.paths ?? {}))
    for (const [method, operation] of Object.entries(methods as Record<string, Operation>))
      operations.set(operation.operationId, { method: method.toUpperCase(), path, operation });
});

/** The schema with nothing allowed in objects but what it names. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const members = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  return 'properties' in schema ? { ...members, additionalProperties: false } : members;
}

function problemsOf(schema: Schema, value: unknown): string {
  const result = z.fromJSONSchema(closed(schema) as never).safeParse(value);
  return result.success ? '' : z.prettifyError(result.error);
}

type Sent = {
  readonly values?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly token?: string;
};

/** Calls an operation as the document describes it; the answer must be as the document says of its status. */
async function call(operationId: string, { values = {}, body, token: sent = token }: Sent = {}) {
  const { method, path, operation } = operations.get(operationId) as Described;
  const url = new URL(path.replace('{id}', values.id ?? ''), platform().addresses.app);
  for (const { name } of operation.parameters.filter((parameter) => parameter.in === 'query'))
    if (values[name] !== undefined) url.searchParams.set(name, values[name]);
  const answer = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${sent}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const declared = operation.responses[answer.status];
  if (declared === undefined)
    throw new Error(`${operationId} answered ${answer.status}, which is not declared.`);
  const value: unknown = text === '' ? undefined : JSON.parse(text);
  if (value !== undefined) expect(problemsOf(declared.schema, value), `${operationId}: ${text}`).toBe('');
  return { status: answer.status, value };
}

async function succeed<T>(operationId: string, sent: Sent = {}): Promise<T> {
  const { status, value } = await call(operationId, sent);
  expect([operationId, status, status === 200 ? '' : value]).toEqual([operationId, 200, '']);
  return value as T;
}

test('every operation answers what the document says', async () => {
  const { dataverse } = platform().addresses;
  const organization = { organizationUrl: dataverse, organizationId };
  await succeed('Metadata_GetOrganizations');
  for (const name of ['GetOrgDetails', 'GetConnectorDetails', 'GetEntities', 'GetRelationships'])
    await succeed(`Metadata_${name}`, { values: organization });
  const accepted = { values: { ...organization, isAuthorized: 'true' } };
  expect(await succeed('Metadata_AcceptOrgPrivacyTerms', accepted)).toBe(true);
  expect(await succeed('Metadata_HasOrgAcceptedPrivacyTerms', { values: organization })).toBe(true);

  const body = profileBody(platform(), ['account', 'team']);
  await succeed('Profiles_ValidateBeforeProfileCreation', { body });
  const { Id: id } = await succeed<{ Id: string }>('Profiles_CreateProfile', { body });
  const profile = { values: { id } };
  for (const name of ['ActivateMetadata', 'ActivateData', 'Activate'])
    await succeed(`Profiles_${name}`, profile);
  const withStatus = { values: { id, status: 'true' } };
  const progress = async () =>
    (await succeed<{ Status: { InitialSyncState: string } }>('Profiles_GetProfileById', withStatus)).Status;
  await expect
    .poll(progress, { timeout: 90_000, interval: 500 })
    .toMatchObject({ InitialSyncState: 'Completed', ExportStatus: 'Success' });
  await succeed('Profiles_GetProfilesByOrganizationId', { values: { organizationId, status: 'true' } });
  for (const name of ['GetTestResultById', 'GetProfileFailuresInfoById', 'Deactivate'])
    await succeed(`Profiles_${name}`, profile);
  const read = await succeed<object>('Profiles_GetProfileById', profile);
  await succeed('Profiles_UpdateProfile', { ...profile, body: read });
  expect(await call('Profiles_UpdateProfile', { ...profile, body: read })).toMatchObject({ status: 412 });
  await succeed('Profiles_DeleteProfileById', profile);
  expect(await call('Profiles_GetProfileById', profile)).toMatchObject({ status: 404 });
});

test('every operation refuses as the document says', async () => {
  expect(operations.size).toBe(19);
  const reader = await userToken(platform().addresses.entra, 'reader');
  const values = { id: crypto.randomUUID(), organizationUrl: platform().addresses.dataverse, organizationId };
  for (const [operationId, described] of operations) {
    const body =
      operationId.endsWith('Profile') || operationId.endsWith('Creation')
        ? { OrganizationId: organizationId }
        : undefined;
    expect((await call(operationId, { token: 'none' })).status, operationId).toBe(401);
    const { status } = await call(operationId, {
      values: { ...values, isAuthorized: 'true' },
      body,
      token: reader,
    });
    expect(status, operationId).toBe(operationId === 'Metadata_GetOrganizations' ? 200 : 403);
    const bare = await call(operationId, { values: { id: values.id } });
    expect(bare.status, operationId).toBe(status === 200 ? 200 : described.path.includes('{id}') ? 404 : 400);
  }
});

test('what the document does not have is answered in its form', async () => {
  const { definitions } = (await (
    await fetch(`${platform().addresses.app}/swagger/docs/2016-01-01`)
  ).json()) as {
    definitions: { ErrorResponse: Schema };
  };
  for (const [method, path, status] of [
    ['GET', '/crm/exporter', 404],
    ['GET', '/crm/exporter/', 404],
    ['POST', '/crm/exporter/profile', 404],
    ['GET', '/crm/exporter/profiles//activate', 404],
    ['GET', '/crm/exporter/%zz/%E0%A4%A', 404],
    ['GET', '/crm/exporter/profiles/a%2Fb', 404],
    ['DELETE', '/crm/exporter/profiles', 404],
    ['PATCH', '/crm/exporter/profiles/x', 404],
    ['PUT', '/crm/exporter/profiles/x/activate', 404],
    ['HEAD', '/crm/exporter/profiles', 404],
    ['OPTIONS', '/crm/exporter/profiles', 404],
    ['POST', '/CRM/EXPORTER/METADATA/ENTITIES', 400],
    ['GET', '/crm/exporter/metadata/', 400],
  ] as const) {
    const send = (headers: Record<string, string>) =>
      rawRequest(platform().addresses.app, method, path, { headers });
    const answered = await send({ Authorization: `Bearer ${token}` });
    expect([method, path, answered.status]).toEqual([method, path, status]);
    if (method !== 'HEAD') expect(problemsOf(definitions.ErrorResponse, JSON.parse(answered.text))).toBe('');
    const refused = await send({});
    expect([refused.status, headerValues(refused, 'WWW-Authenticate').length]).toEqual([401, 1]);
  }
});

test('the check of answers notices a wrong type, and a member that is not described', () => {
  const schema = operations.get('Profiles_Activate')?.operation.responses[200]?.schema as Schema;
  expect(problemsOf(schema, { Id: 'a', State: 1 })).toBe('');
  expect(problemsOf(schema, { Id: 'a', State: 'Active' })).toContain('State');
  expect(problemsOf(schema, { Id: null })).toContain('Id');
  expect(problemsOf(schema, { Other: 1 })).toContain('Other');
});
