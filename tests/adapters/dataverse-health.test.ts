import { expect, test } from 'vitest';
import { type Reply, webApiServer } from './web-api-server.ts';

const definition = {
  LogicalName: 'account',
  EntitySetName: 'accounts',
  PrimaryIdAttribute: 'accountid',
  Attributes: [{ LogicalName: 'accountid' }, { LogicalName: 'modifiedon' }],
};
const answering =
  (rows: readonly object[]) =>
  (request: { url?: string | undefined }): Reply =>
    request.url?.includes('EntityDefinitions') ? { body: definition } : { body: { value: rows } };

test('the newest change is asked for by one short request, and the definition once', async () => {
  const row = { versionnumber: 9_007_199_254, modifiedon: '2026-11-28T18:00:00Z' };
  await using server = await webApiServer(answering([row]));
  for (let times = 0; times < 3; times++)
    expect(await server.dataverse.newestChange('account')).toEqual({
      version: '9007199254',
      changedAt: '2026-11-28T18:00:00.000Z',
    });
  const [, ...asked] = server.requests.map(({ url }) => url);
  expect(asked).toEqual(
    Array(3).fill(
      '/api/data/v9.2/accounts?$select=versionnumber,modifiedon&$orderby=versionnumber%20desc&$top=1',
    ),
  );
});

test('of a table whose entity set was renamed, the newest change is asked for by the new name after one refusal', async () => {
  let set = 'accounts';
  await using server = await webApiServer((request): Reply => {
    if (request.url?.includes('EntityDefinitions')) return { body: { ...definition, EntitySetName: set } };
    if (!request.url?.includes(`/${set}?`)) return { status: 404, body: { error: { code: '0x80060888' } } };
    return { body: { value: [{ versionnumber: 5 }] } };
  });
  const { newestChange } = server.dataverse;
  expect(await newestChange('account')).toEqual({ version: '5' });
  set = 'firms';
  await expect(newestChange('account')).rejects.toMatchObject({ code: 'DATAVERSE_TABLE_MISSING' });
  expect(await newestChange('account')).toEqual({ version: '5' });
});

test('a table that is unknown keeps no other from being counted', async () => {
  const names = Array.from({ length: 9 }, (_, index) => `t${index}`);
  await using server = await webApiServer((request): Reply => {
    const asked = JSON.parse(
      new URL(request.url ?? '', 'http://x').searchParams.get('@p1') ?? '[]',
    ) as string[];
    if (asked.includes('t4'))
      return { status: 400, body: { error: { code: '0x80040217', message: 'no t4' } } };
    return { body: { EntityRecordCountCollection: { Keys: asked, Values: asked.map(() => 7) } } };
  });
  const counts = await server.dataverse.rowCounts(names);
  expect([...counts.keys()]).toEqual(names.filter((name) => name !== 't4'));
});

test('an empty table has no newest change', async () => {
  await using server = await webApiServer(answering([]));
  expect(await server.dataverse.newestChange('account')).toBeUndefined();
});

test('counts are read in portions, and an answer without them is unreadable', async () => {
  const names = Array.from({ length: 51 }, (_, index) => `t${index}`);
  const reply = (request: { url?: string | undefined }): Reply => {
    const asked = JSON.parse(
      new URL(request.url ?? '', 'http://x').searchParams.get('@p1') ?? '[]',
    ) as string[];
    const Values = asked.map((name) => Number(name.slice(1)));
    return { body: { EntityRecordCountCollection: { Count: asked.length, Keys: asked, Values } } };
  };
  await using server = await webApiServer(reply);
  expect(await server.dataverse.rowCounts(names)).toEqual(new Map(names.map((name, index) => [name, index])));
  expect(server.requests).toHaveLength(2);
  await using empty = await webApiServer([{ body: {} }]);
  await expect(empty.dataverse.rowCounts(['account'])).rejects.toMatchObject({
    code: 'DATAVERSE_ANSWER_UNREADABLE',
  });
});
