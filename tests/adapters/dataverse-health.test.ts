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
