import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import type { RowQuery } from '../../shared/ports/dataverse.ts';
import { type Reply, webApiServer } from './web-api-server.ts';

const query: RowQuery = {
  table: { logicalName: 'account', entitySetName: 'accounts', primaryId: 'accountid' },
  columns: ['accountid', 'name', '_ownerid_value'],
  hasAnnotations: false,
};
const idOf = (number: number) => `60c4e274-0000-4000-8000-${String(number).padStart(12, '0')}`;
const rowOf = (number: number, more: object = {}) => ({
  '@odata.etag': `W/"${number}"`,
  accountid: idOf(number),
  name: `Firm ${number}`,
  _ownerid_value: null,
  ...more,
});
const deletedOf = (number: number) => ({
  '@odata.context': 'http://x/$metadata#accounts/$deletedEntity',
  id: idOf(number).toUpperCase(),
  reason: 'deleted',
});
const select = (request: IncomingMessage) =>
  new URL(request.url ?? '', 'http://x').searchParams.get('$select');
const linkOf = (request: IncomingMessage, options: string) =>
  `http://${request.headers.host}/api/data/v9.2/accounts?${options}`;

/** A read of one row with change tracking, by which an identity shows that it may read the whole table. */
const isProof = ({ headers }: IncomingMessage) =>
  headers.prefer === 'odata.track-changes,odata.maxpagesize=1';

test('a tracked read is followed by its pages, each asked with the same preferences, and by a delta link', async () => {
  await using server = await webApiServer((request) =>
    request.url?.includes('skiptoken')
      ? {
          body: {
            '@odata.deltaLink': linkOf(request, '$select=accountid,name,_ownerid_value&$deltatoken=9%2101'),
            value: [rowOf(2)],
          },
        }
      : {
          body: {
            value: [rowOf(1)],
            '@odata.nextLink': linkOf(
              request,
              '$select=accountid,name,_ownerid_value&$skiptoken=%3ccookie%2f%3e',
            ),
          },
        },
  );
  const first = await server.dataverse.readPage({ kind: 'tracked-rows', query });
  if (first.following.kind !== 'next') return expect.fail('no next link');
  const second = await server.dataverse.readPage({ kind: 'next', query, link: first.following.link });
  expect(second).toEqual({
    rows: [rowOf(2)],
    deletedIds: [],
    following: { kind: 'delta', link: expect.stringMatching(/deltatoken=9%2101$/) as string },
  });
  expect(server.requests.map((request) => request.headers.prefer)).toEqual([
    'odata.track-changes,odata.maxpagesize=5000',
    'odata.track-changes,odata.maxpagesize=5000',
  ]);
  expect(server.requests[1]?.url).toMatch(/\$skiptoken=%3ccookie%2f%3e$/);
});

test('a plain read is not tracked on its later pages either', async () => {
  await using server = await webApiServer((request) =>
    request.url?.includes('skiptoken')
      ? { body: { value: [rowOf(2)] } }
      : { body: { value: [rowOf(1)], '@odata.nextLink': linkOf(request, '$skiptoken=2') } },
  );
  const first = await server.dataverse.readPage({ kind: 'rows', query });
  if (first.following.kind !== 'next') return expect.fail('no next link');
  const second = await server.dataverse.readPage({ kind: 'next', query, link: first.following.link });
  expect(second.following).toEqual({ kind: 'end' });
  const pages = server.requests.filter((request) => !isProof(request));
  expect(pages[1]?.headers.prefer).toBe('odata.maxpagesize=5000');
});

test('a delta is asked with the columns of the query, its token untouched', async () => {
  await using server = await webApiServer([{ body: { value: [] } }]);
  const link = `${server.origin}/api/data/v9.2/accounts?$select=accountid&$deltatoken=919042%2108%2f22%2f2017%2008%3a10%3a44`;
  await server.dataverse.readPage({ kind: 'delta', query, link });
  expect(server.requests[0]?.url).toBe(
    '/api/data/v9.2/accounts?$select=accountid,name,_ownerid_value&$deltatoken=919042%2108%2f22%2f2017%2008%3a10%3a44',
  );
});

/** An organization without the column "fax", which links of earlier times still name. */
const withoutFax =
  (code = '0x80060888') =>
  (request: IncomingMessage): Reply =>
    select(request)?.includes('fax')
      ? { status: 400, body: { error: { code, message: "Could not find a property named 'fax'" } } }
      : { body: { value: [rowOf(1)] } };

test('a delta link that names a column that was deleted is asked without it', async () => {
  await using server = await webApiServer(withoutFax());
  const link = `${server.origin}/api/data/v9.2/accounts?$select=accountid,name,fax,_ownerid_value&$deltatoken=1`;
  const page = await server.dataverse.readPage({ kind: 'delta', query, link });
  expect(page.rows).toEqual([rowOf(1)]);
  expect(server.requests).toHaveLength(1);
});

test.each(['0x80060888', '0x80041103', ''])(
  'a next link that names a column that was deleted (told as "%s") is asked without it; where it is bound to it, it is void',
  async (code) => {
    let isBound = false;
    await using server = await webApiServer((request) =>
      isBound && !isProof(request)
        ? { status: 400, body: { error: { code, message: 'Could not find a property' } } }
        : withoutFax(code)(request),
    );
    const link = `${server.origin}/api/data/v9.2/accounts?$select=accountid,name,fax,_ownerid_value&$skiptoken=2`;
    expect((await server.dataverse.readPage({ kind: 'next', query, link })).rows).toEqual([rowOf(1)]);
    isBound = true;
    await expect(server.dataverse.readPage({ kind: 'next', query, link })).rejects.toMatchObject({
      code: 'DATAVERSE_DELTA_TOKEN_EXPIRED',
      message: expect.stringContaining('the page link is void') as string,
    });
  },
);

test('a next link that is refused for another reason is not void', async () => {
  await using server = await webApiServer([{ status: 400, body: { error: { code: '0x80040265' } } }]);
  const link = `${server.origin}/api/data/v9.2/accounts?$select=accountid&$skiptoken=2`;
  await expect(server.dataverse.readPage({ kind: 'next', query, link })).rejects.toMatchObject({
    code: 'DATAVERSE_REQUEST_REFUSED',
  });
});

/** An organization that takes a token only with the columns it was made for, and pages its deltas. */
const bound =
  (status: number, code: string) =>
  (request: IncomingMessage): Reply => {
    const url = decodeURIComponent(request.url ?? '');
    if (url.includes('$filter'))
      return { body: { value: [rowOf(1), rowOf(2)].filter((row) => url.includes(row.accountid)) } };
    if (select(request) !== 'accountid') return { status, body: { error: { code, message: 'token' } } };
    const bare = (number: number) => ({ '@odata.etag': `W/"${number}"`, accountid: idOf(number) });
    return url.includes('skiptoken')
      ? {
          body: {
            value: [bare(2), deletedOf(3)],
            '@odata.deltaLink': linkOf(request, '$select=accountid&$deltatoken=2'),
          },
        }
      : { body: { value: [bare(1)], '@odata.nextLink': linkOf(request, '$select=accountid&$skiptoken=p2') } };
  };

test.each([
  ['a refusal', 400, '0x80060888'],
  ['an expiry', 410, '0x80044352'],
])(
  'a token that is bound to its columns (told as %s) is followed as it is, and the rows are read by id',
  async (_how, status, code) => {
    await using server = await webApiServer(bound(status, code));
    const link = `${server.origin}/api/data/v9.2/accounts?$select=accountid&$deltatoken=1`;
    const first = await server.dataverse.readPage({ kind: 'delta', query, link });
    expect(first.rows).toEqual([rowOf(1)]);
    if (first.following.kind !== 'next') return expect.fail('no next link');
    const second = await server.dataverse.readPage({ kind: 'next', query, link: first.following.link });
    expect(second).toMatchObject({ rows: [rowOf(2)], deletedIds: [idOf(3)], following: { kind: 'delta' } });
  },
);

test('a token that has really expired is told as such', async () => {
  await using server = await webApiServer([{ status: 400, body: { error: { code: '0x80044352' } } }]);
  const link = `${server.origin}/api/data/v9.2/accounts?$select=accountid&$deltatoken=1`;
  await expect(server.dataverse.readPage({ kind: 'delta', query, link })).rejects.toMatchObject({
    code: 'DATAVERSE_DELTA_TOKEN_EXPIRED',
  });
});

test('deletes are taken in both forms, and a row with a column "reason" is no delete', async () => {
  const removed = { '@removed': { reason: 'deleted' }, '@id': `accounts(${idOf(2)})` };
  const row = rowOf(3, { reason: 'deleted', id: idOf(9) });
  await using server = await webApiServer([{ body: { value: [deletedOf(1), removed, row] } }]);
  const page = await server.dataverse.readPage({ kind: 'tracked-rows', query });
  expect(page.deletedIds).toEqual([idOf(1), idOf(2)]);
  expect(page.rows).toEqual([row]);
});

test('an id that is both changed and deleted is read, and the answer is believed', async () => {
  const again = rowOf(1, { name: 'Created again' });
  await using server = await webApiServer((request) =>
    request.url?.includes('$filter')
      ? { body: { value: [again] } }
      : { body: { value: [rowOf(1), rowOf(2), rowOf(3), deletedOf(1), deletedOf(2), deletedOf(4)] } },
  );
  const page = await server.dataverse.readPage({ kind: 'tracked-rows', query });
  expect(page.rows).toEqual([rowOf(3), again]);
  expect(page.deletedIds).toEqual([idOf(2), idOf(4)]);
});

test('annotations that a tracked read leaves out are read by id', async () => {
  const annotated = { ...query, hasAnnotations: true };
  const lookup = { _ownerid_value: idOf(7) };
  const whole = rowOf(1, { ...lookup, '_ownerid_value@OData.Community.Display.V1.FormattedValue': 'Ada' });
  await using server = await webApiServer((request) =>
    request.url?.includes('$filter') ? { body: { value: [whole] } } : { body: { value: [rowOf(1, lookup)] } },
  );
  const page = await server.dataverse.readPage({ kind: 'tracked-rows', query: annotated });
  expect(page.rows).toEqual([whole]);
});

test('many rows are read by id, 50 a request', async () => {
  await using server = await webApiServer((request) => {
    const ids =
      new URL(request.url ?? '', 'http://x').searchParams.get('$filter')?.match(/[0-9a-f-]{36}/g) ?? [];
    return { body: { value: ids.filter((id) => !id.endsWith('7')).map((accountid) => ({ accountid })) } };
  });
  const ids = Array.from({ length: 230 }, (_, number) => idOf(number));
  const rows = await server.dataverse.readRows(query, ids);
  expect(rows).toHaveLength(207);
  const pages = () => server.requests.filter((request) => !isProof(request));
  expect(pages()).toHaveLength(5);
  expect(await server.dataverse.readRows(query, [])).toEqual([]);
  expect(pages()).toHaveLength(5);
});

/** Rows that exist by their numbers; change tracking is refused to an identity that may not read the table as a whole. */
const organizationOf =
  (numbers: readonly number[], mayReadAll: () => boolean) =>
  (request: IncomingMessage): Reply => {
    const url = decodeURIComponent(request.url ?? '');
    if (request.headers.prefer?.includes('track-changes') && !mayReadAll())
      return { status: 403, body: { error: { code: '0x80040220', message: 'missing prvReadAccount' } } };
    const found = numbers.map((number) => rowOf(number));
    return {
      body: { value: found.filter((row) => !url.includes('$filter') || url.includes(row.accountid)) },
    };
  };
const refused = { code: 'DATAVERSE_PRIVILEGE_MISSING' };

test('a plain page is believed only when the identity still may read the whole table afterwards', async () => {
  let mayReadAll = true;
  await using server = await webApiServer(organizationOf([1, 2], () => mayReadAll));
  expect((await server.dataverse.readPage({ kind: 'rows', query })).rows).toHaveLength(2);
  expect(server.requests.map(isProof)).toEqual([false, true]);
  mayReadAll = false;
  await expect(server.dataverse.readPage({ kind: 'rows', query })).rejects.toMatchObject(refused);
  const link = `${server.origin}/api/data/v9.2/accounts?$skiptoken=2`;
  await expect(server.dataverse.readPage({ kind: 'next', query, link })).rejects.toMatchObject(refused);
});

test('that a row is gone is believed only so, too; rows that are there cost no question', async () => {
  let mayReadAll = true;
  await using server = await webApiServer(organizationOf([1, 2], () => mayReadAll));
  expect(await server.dataverse.readRows(query, [idOf(1), idOf(2)])).toHaveLength(2);
  expect(server.requests).toHaveLength(1);
  expect(await server.dataverse.readRows(query, [idOf(1), idOf(3)])).toHaveLength(1);
  expect(server.requests.map(isProof)).toEqual([false, false, true]);
  mayReadAll = false;
  await expect(server.dataverse.readRows(query, [idOf(1), idOf(3)])).rejects.toMatchObject(refused);
});

test('a page some of whose ids are settled by id tells the later version of the two answers', async () => {
  const version = '@Microsoft.Dynamics.CRM.globalmetadataversion';
  const annotated = { ...query, hasAnnotations: true };
  const told = { page: '9', rows: '10' };
  await using server = await webApiServer((request) =>
    request.url?.includes('$filter')
      ? { body: { [version]: told.rows, value: [rowOf(1), rowOf(2)] } }
      : { body: { [version]: told.page, value: [rowOf(1), rowOf(2), deletedOf(1), deletedOf(2)] } },
  );
  const page = () => server.dataverse.readPage({ kind: 'tracked-rows', query: annotated });
  expect(await page()).toMatchObject({ metadataVersion: '10', deletedIds: [] });
  told.rows = '8';
  expect(await page()).toMatchObject({ metadataVersion: '9' });
  expect(server.requests).toHaveLength(4);
});
