import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorOf, type Json, type SimulatedDataverse, simulatedDataverse } from './simulated-dataverse.ts';

const identity = {
  oid: 'aaaaaaaa-0000-4000-8000-000000000003',
  appid: '66666666-6666-4666-8666-666666666666',
};
let dataverse: SimulatedDataverse;
beforeAll(async () => {
  dataverse = await simulatedDataverse(4000);
});
afterAll(() => dataverse.close());

test('a call without a token gets the challenge from which the tenant is discovered', async () => {
  const answer = await fetch(`${dataverse.url}/api/data/v9.2/WhoAmI`);
  expect(answer.status).toBe(401);
  expect(answer.headers.get('www-authenticate')).toBe(
    `Bearer authorization_uri=${dataverse.entraUrl}/11111111-1111-4111-8111-111111111111/oauth2/authorize, resource_id=${dataverse.url}/`,
  );
});

test.each([
  ['another audience', { aud: 'https://other.example' }],
  ['another issuer', { iss: 'https://sts.example/' }],
  ['another tenant', { tid: '99999999-9999-4999-8999-999999999999' }],
  ['an expiry in the past', { exp: 1_700_000_000 }],
  ['a start in the future', { nbf: 4_000_000_000 }],
])('a token with %s is refused', async (_, claims) => {
  const authorization = `Bearer ${await dataverse.token({ ...identity, ...claims })}`;
  const answer = await fetch(`${dataverse.url}/api/data/v9.2/WhoAmI`, { headers: { authorization } });
  expect(answer.status).toBe(401);
});

test('both forms of issuer and an audience with a slash are accepted', async () => {
  const iss = `${dataverse.entraUrl}/11111111-1111-4111-8111-111111111111/v2.0`;
  const authorization = `Bearer ${await dataverse.token({ ...identity, iss, aud: `${dataverse.url}/` })}`;
  const answer = await fetch(`${dataverse.url}/api/data/v9.2/WhoAmI`, { headers: { authorization } });
  expect(answer.status).toBe(200);
});

test('a person who is no user of the organization gets 403', async () => {
  const answer = await dataverse.call('WhoAmI', { as: 'nobody' });
  expect([answer.status, errorOf(answer).code]).toEqual([403, '0x80072560']);
});

test('WhoAmI, RetrieveVersion and RetrieveCurrentOrganization say who and what', async () => {
  const who = await dataverse.call('WhoAmI');
  expect(who.body.OrganizationId).toBe('22222222-2222-4222-8222-222222222222');
  expect(who.headers.get('x-ms-dop-hint')).toBe('4');
  expect((await dataverse.call('RetrieveVersion()')).body.Version).toMatch(/^9\.2\./);
  const parameter = "AccessType=@p1)?@p1=Microsoft.Dynamics.CRM.EndpointAccessType'Default'";
  const { body } = await dataverse.call(`RetrieveCurrentOrganization(${parameter}`);
  expect(body.Detail).toMatchObject({ TenantId: '11111111-1111-4111-8111-111111111111', State: 'Enabled' });
});

test('the System Administrator is found through roles, and the reader is none', async () => {
  const of = async (domain: string) => {
    const user = await dataverse.call(`systemusers?$select=systemuserid&$filter=domainname eq '${domain}'`);
    const path = `systemusers(${user.body.value[0]?.systemuserid})/systemuserroles_association`;
    const filter = '_roletemplateid_value eq 627090ff-40a3-4053-8790-584edc5be201';
    return (await dataverse.call(`${path}?$select=roleid&$filter=${filter}`)).body.value.length;
  };
  expect([await of('admin@contoso.example'), await of('reader@contoso.example')]).toEqual([1, 0]);
});

test('paging with the real cookie gives every row once, in SQL Server order', async () => {
  const { rows, pages } = await dataverse.drain('contacts?$select=fullname', 'odata.maxpagesize=170');
  const ids = rows.map((row) => String(row.contactid));
  const count = Number((await dataverse.call('contacts/$count')).text);
  expect([new Set(ids).size, ids.length, pages]).toEqual([count, count, Math.ceil(count / 170)]);
  const lastGroups = ids.map((id) => id.slice(24));
  expect(lastGroups).toEqual([...lastGroups].sort());
  const first = await dataverse.call('contacts?$select=fullname', { prefer: 'odata.maxpagesize=2' });
  const token = new URL(String(first.body['@odata.nextLink'])).searchParams.get('$skiptoken') ?? '';
  const inner = decodeURIComponent(/pagingcookie="([^"]*)"/.exec(token)?.[1] ?? '');
  expect(token).toMatch(
    /^<cookie pagenumber="2" pagingcookie="%3ccookie%20page%3d%221%22%3e.*" istracking="False" \/>$/,
  );
  expect(inner).toContain(`last="{${String(first.body.value[1]?.contactid).toUpperCase()}}"`);
});

test('a broken paging cookie and unknown options are the documented errors', async () => {
  expect(errorOf(await dataverse.call('accounts?$skiptoken=nonsense')).code).toBe('0x8004112a');
  expect(errorOf(await dataverse.call('accounts?$skip=5')).message).toBe(
    'The query parameter $skip is not supported',
  );
  const unknown = await dataverse.call('accounts?$select=foo');
  expect([unknown.status, errorOf(unknown).message]).toEqual([
    400,
    "Could not find a property named 'foo' on type 'Microsoft.Dynamics.CRM.account'.",
  ]);
  const set = await dataverse.call('foos');
  expect([set.status, errorOf(set).message]).toEqual([404, "Resource not found for the segment 'foos'."]);
});

test('a full row has every readable column, values before nulls, and its tag is its version', async () => {
  const { body } = await dataverse.call('accounts?$top=1');
  const row: Json = body.value[0] ?? {};
  expect(Object.keys(row).length).toBe(151);
  expect(row['@odata.etag']).toBe(`W/"${row.versionnumber}"`);
  const isNull = Object.values(row).map((value) => value === null);
  expect(isNull.lastIndexOf(false)).toBeLessThan(isNull.indexOf(true));
});

test('every readable account column has a value in some row', async () => {
  const { rows } = await dataverse.drain('accounts', 'odata.maxpagesize=5000');
  const empty = Object.keys(rows[0] ?? {}).filter((name) => rows.every((row) => row[name] === null));
  expect(empty.filter((name) => !name.startsWith('_owningteam'))).toEqual([]);
});

test('money has ten decimals and brings its currency', async () => {
  const { text, body } = await dataverse.call('accounts?$select=revenue&$filter=revenue gt 0&$top=5');
  expect(text).toMatch(/"revenue":\d+\.\d{10}[,}]/);
  expect(body.value[0]).toHaveProperty('_transactioncurrencyid_value');
});

test('filters with many ids, key ranges, versions, lookups, null and text select what they say', async () => {
  const all = (
    await dataverse.drain(
      'accounts?$select=name,versionnumber,_ownerid_value,revenue',
      'odata.maxpagesize=5000',
    )
  ).rows;
  const ids = all.slice(10, 140).map((row) => row.accountid);
  const some = await dataverse.call(
    `accounts?$select=name&$filter=${ids.map((id) => `accountid eq ${id}`).join(' or ')}`,
  );
  expect(some.body.value.map((row) => row.accountid)).toEqual(ids);
  const [from, below] = [all[100]?.accountid, all[300]?.accountid];
  const range = await dataverse.call(
    `accounts?$select=name&$filter=accountid ge ${from} and accountid lt ${below}`,
  );
  expect(range.body.value.map((row) => row.accountid)).toEqual(
    all.slice(100, 300).map((row) => row.accountid),
  );
  const check = async (filter: string, is: (row: (typeof all)[0]) => boolean) => {
    const found = (await dataverse.drain(`accounts?$select=name&$filter=${filter}`, 'odata.maxpagesize=5000'))
      .rows;
    const wanted = all.filter(is);
    expect(found.map((row) => row.accountid)).toEqual(wanted.map((row) => row.accountid));
    return wanted.length;
  };
  const middle = Number(all[500]?.versionnumber);
  expect(
    await check(`versionnumber ge ${middle}`, (row) => Number(row.versionnumber) >= middle),
  ).toBeGreaterThan(1);
  const owner = all[0]?._ownerid_value;
  expect(await check(`_ownerid_value eq ${owner}`, (row) => row._ownerid_value === owner)).toBeGreaterThan(1);
  expect(await check('revenue eq null', (row) => row.revenue === null)).toBeGreaterThan(1);
  const name = String(all[7]?.name);
  await check(
    `(name eq '${encodeURIComponent(name.replaceAll("'", "''"))}' or revenue gt 1000) and not (revenue eq null)`,
    (row) =>
      row.revenue !== null &&
      (String(row.name).toLowerCase() === name.toLowerCase() || Number(row.revenue) > 1000),
  );
});

test('an order by another column pages without loss', async () => {
  const { rows } = await dataverse.drain(
    'accounts?$select=createdon&$orderby=createdon desc',
    'odata.maxpagesize=99',
  );
  const dates = rows.map((row) => String(row.createdon));
  expect(new Set(rows.map((row) => row.accountid)).size).toBe(rows.length);
  expect(dates).toEqual([...dates].sort().reverse());
});

test('annotations come when asked for: labels, names of lookups and their tables', async () => {
  const prefer =
    'odata.include-annotations="OData.Community.Display.V1.FormattedValue,Microsoft.Dynamics.CRM.lookuplogicalname"';
  const { body, text } = await dataverse.call(
    'contacts?$select=statecode,_parentcustomerid_value,_modifiedby_value&$filter=_parentcustomerid_value ne null&$top=1',
    { prefer },
  );
  const row: Json = body.value[0] ?? {};
  expect(row['_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname']).toMatch(
    /^(account|contact)$/,
  );
  expect(row['_modifiedby_value@OData.Community.Display.V1.FormattedValue']).toBe('Alex Admin');
  expect(text.indexOf('statecode@OData')).toBeLessThan(text.indexOf('"statecode":'));
  expect(text).not.toContain('associatednavigationproperty');
  const star = await dataverse.call('accounts?$top=1', { prefer: 'odata.include-annotations="*"' });
  expect(star.body['@Microsoft.Dynamics.CRM.globalmetadataversion']).toMatch(/^\d+$/);
});

test('If-None-Match with the tag of the row gives 304', async () => {
  const row = (await dataverse.call('accounts?$select=name&$top=1')).body.value[0];
  const path = `accounts(${row?.accountid})?$select=name`;
  const same = await dataverse.call(path, { headers: { 'If-None-Match': String(row?.['@odata.etag']) } });
  const any = await dataverse.call(path, { headers: { 'If-None-Match': 'null' } });
  expect([same.status, any.status]).toEqual([304, 200]);
});

test('RetrieveTotalRecordCount counts several tables at once', async () => {
  const { body } = await dataverse.call(
    'RetrieveTotalRecordCount(EntityNames=@p1)?@p1=["account","contact"]',
  );
  const counts = body.EntityRecordCountCollection as { Keys: string[]; Values: number[] };
  expect(counts.Keys).toEqual(['account', 'contact']);
  expect(counts.Values[0]).toBe(Number((await dataverse.call('accounts/$count')).text));
});
