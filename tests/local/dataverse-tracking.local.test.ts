import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  errorOf,
  type Json,
  type Row,
  type SimulatedDataverse,
  simulatedDataverse,
} from './simulated-dataverse.ts';

const tracked = 'odata.track-changes,odata.maxpagesize=7';
let dataverse: SimulatedDataverse;
let defaults: Json;
beforeAll(async () => {
  dataverse = await simulatedDataverse(200);
  defaults = (await dataverse.simulator('GET', '')).body.switches as Json;
});
beforeEach(() => dataverse.switches(defaults).then(() => {}));
afterAll(() => dataverse.close());

const create = async (body: Json) => {
  const answer = await dataverse.raw('accounts', { method: 'POST', body });
  return /\(([^)]*)\)$/.exec(answer.headers.get('odata-entityid') ?? '')?.[1] ?? '';
};
const patch = (id: string, body: Json) => dataverse.call(`accounts(${id})`, { method: 'PATCH', body });
const remove = (id: string) => dataverse.call(`accounts(${id})`, { method: 'DELETE' });
const anchor = async (select = 'name') =>
  (await dataverse.drain(`accounts?$select=${select}`, tracked)).deltaLink;
const delta = (link: string) => dataverse.drain(link, tracked);

test('the delta link comes with the last page only, before value, and its token is version and time', async () => {
  const first = await dataverse.call('accounts?$select=name', { prefer: tracked });
  expect(first.body['@odata.deltaLink']).toBeUndefined();
  expect(first.headers.get('preference-applied')).toBe('odata.track-changes');
  expect(decodeURIComponent(String(first.body['@odata.nextLink']))).toContain('istracking="True"');
  const whole = await dataverse.call('accounts?$select=name', { prefer: 'odata.track-changes' });
  const link = String(whole.body['@odata.deltaLink']);
  expect(link).toMatch(
    /\/accounts\?\$select=name&\$deltatoken=\d+%21\d\d%2f\d\d%2f\d{4}%20\d\d%3a\d\d%3a\d\d$/,
  );
  expect(whole.text.indexOf('@odata.deltaLink')).toBeLessThan(whole.text.indexOf('"value"'));
});

test('creates, updates and deletes come with the delta, a delete as a bare id', async () => {
  const [kept, gone] = [await create({ name: 'Kept' }), await create({ name: 'Gone' })];
  const link = await anchor();
  const made = await create({ name: 'Made' });
  await patch(kept, { name: 'Changed' });
  await remove(gone);
  const { body } = await dataverse.call(link);
  expect(body.value.slice(0, 2).map((row) => [row.accountid, row.name])).toEqual([
    [made, 'Made'],
    [kept, 'Changed'],
  ]);
  expect(body.value[2]).toEqual({
    '@odata.context': `${dataverse.url}/api/data/v9.2/$metadata#accounts/$deletedEntity`,
    id: gone,
    reason: 'deleted',
  });
  expect(body['@odata.context']).toBe(`${dataverse.url}/api/data/v9.2/$metadata#accounts(name)/$delta`);
  const count = await dataverse.call(link.replace('/accounts?', '/accounts/$count?'));
  expect(count.text).toBe('3');
  expect((await dataverse.call(String(body['@odata.deltaLink']))).body.value).toEqual([]);
});

test('an identical value is a change, unless the switch says otherwise', async () => {
  const id = await create({ name: 'Same' });
  const link = await anchor();
  await dataverse.switches({ noOpPatchBumpsVersion: false });
  await patch(id, { name: 'Same' });
  expect((await delta(link)).rows).toEqual([]);
  await dataverse.switches({ noOpPatchBumpsVersion: true });
  await patch(id, { name: 'Same' });
  expect((await delta(link)).rows.map((row) => row.accountid)).toEqual([id]);
});

test('a token works with another list of columns, unless the switch binds it', async () => {
  const link = await anchor('accountid');
  const wider = link.replace('$select=accountid', '$select=name,telephone1');
  expect((await dataverse.call(wider)).status).toBe(200);
  await dataverse.switches({ tokenBoundToSelect: true });
  const bound = await anchor('accountid');
  expect((await dataverse.call(bound)).status).toBe(200);
  expect((await dataverse.call(bound.replace('$select=accountid', '$select=name'))).status).toBe(400);
});

test('a deleted row that was created again is in both lists, unless the switch says otherwise', async () => {
  const id = await create({ name: 'First life' });
  const link = await anchor();
  await remove(id);
  await dataverse.call('accounts', { method: 'POST', body: { accountid: id, name: 'Second life' } });
  const twice = (await delta(link)).rows.map((row) => row.accountid ?? row.id);
  expect(twice).toEqual([id, id]);
  await dataverse.switches({ updateAndDeleteOfSameId: false });
  expect((await delta(link)).rows.map((row) => row.name)).toEqual(['Second life']);
});

test('a row that changes between two pages of a load is covered by the token, or lost if the token is of the end', async () => {
  const id = (await dataverse.drain('accounts?$select=name', 'odata.maxpagesize=5000')).rows[0]?.accountid;
  const load = async () => {
    const first = await dataverse.call('accounts?$select=name', { prefer: tracked });
    await patch(String(id), { name: `Changed ${randomUUID()}` });
    const { deltaLink } = await dataverse.drain(String(first.body['@odata.nextLink']), tracked);
    return (await delta(deltaLink)).rows.map((row) => row.accountid);
  };
  expect(await load()).toEqual([id]);
  await dataverse.switches({ deltaTokenTime: 'end' });
  expect(await load()).toEqual([]);
});

test.each([400, 410])(
  'an old token is refused with the documented code and status %i',
  async (expiredStatus) => {
    await dataverse.switches({ expiredStatus });
    const answer = await dataverse.call('accounts?$deltatoken=2264400%2101%2f01%2f2024%2008%3a10%3a44');
    expect([answer.status, errorOf(answer)]).toEqual([
      expiredStatus,
      {
        code: '0x80044352',
        message: 'Version stamp associated with the client has expired. Please perform a full sync.',
      },
    ]);
  },
);

test('a changed table expires its tokens when the switch says so', async () => {
  const link = await anchor();
  await dataverse.switches({ schemaChangeExpiresTokens: true });
  expect((await dataverse.call(link)).status).toBe(200);
  await dataverse.simulator('POST', '/schema', { table: 'account', addColumn: 'new_Rating integer; Rating' });
  expect(errorOf(await dataverse.call(link)).code).toBe('0x80044352');
  expect((await dataverse.call(await anchor('new_rating'))).status).toBe(200);
});

test('a token is taken or refused, as the switch says, after its entity set was renamed', async () => {
  const before = await anchor();
  await dataverse.simulator('POST', '/schema', { table: 'account', renameSet: 'firms' });
  expect((await dataverse.call(before)).status).toBe(404);
  const moved = before.replace('/accounts?', '/firms?');
  expect((await dataverse.call(moved)).status).toBe(200);
  await dataverse.switches({ tokenBoundToSet: true });
  expect(errorOf(await dataverse.call(moved)).code).toBe('0x80040203');
  const { deltaLink } = await dataverse.drain('firms?$select=name', tracked);
  expect((await dataverse.call(deltaLink)).status).toBe(200);
  await dataverse.simulator('POST', '/schema', { table: 'account', renameSet: 'accounts' });
});

test('a token from before change tracking was lost has expired, or tells no deletes of the time between', async () => {
  const [kept, gone] = [await create({ name: 'Kept' }), await create({ name: 'Gone' })];
  const link = await anchor();
  const track = (isOn: boolean) =>
    dataverse.simulator('POST', '/schema', { table: 'account', changeTracking: isOn });
  await track(false);
  expect(errorOf(await dataverse.call(link)).code).toBe('0x80072491');
  await patch(kept, { name: 'Changed' });
  await remove(gone);
  await track(true);
  expect(errorOf(await dataverse.call(link)).code).toBe('0x80044352');
  await dataverse.switches({ trackingLossExpiresTokens: false });
  expect((await delta(link)).rows.map(({ name }) => name)).toEqual(['Changed']);
});

test('options that tracking refuses, tables without tracking and readers without the privilege get their errors', async () => {
  const refused = await dataverse.call("accounts?$filter=name eq 'x'", { prefer: tracked });
  expect(errorOf(refused).message).toMatch(
    /"\$filter" query parameter isn't supported when Change Tracking is enabled/,
  );
  const untracked = await dataverse.call('userqueries', { prefer: tracked });
  expect(errorOf(untracked)).toEqual({
    code: '0x80072491',
    message: "Entity userquery isn't enabled for change tracking.",
  });
  await dataverse.simulator('POST', '/schema', { table: 'userquery', changeTracking: true });
  expect((await dataverse.call('userqueries', { prefer: tracked })).status).toBe(200);
  const reader = await dataverse.call('accounts', { prefer: tracked, as: 'reader' });
  expect([reader.status, errorOf(reader).code]).toEqual([403, '0x80040220']);
});

test('a restart goes on with the version counter, the delta tokens and the switches', async () => {
  await dataverse.switches({ dopHint: 9 });
  const id = await create({ name: 'Before' });
  const link = await anchor();
  await patch(id, { name: 'After' });
  const before = (await dataverse.simulator('GET', '')).body;
  await dataverse.restart();
  const after = (await dataverse.simulator('GET', '')).body;
  expect([after.version, (after.switches as Json).dopHint]).toEqual([before.version, 9]);
  expect((await delta(link)).rows.map((row) => row.name)).toEqual(['After']);
});

test('the setting of the organization says how long a token lives', async () => {
  const link = await anchor();
  const row = (await dataverse.call('organizations?$select=name')).body.value[0];
  const setDays = (expirechangetrackingindays: number) =>
    dataverse.call(`organizations(${row?.organizationid})`, {
      method: 'PATCH',
      body: { expirechangetrackingindays },
      as: 'admin',
    });
  await setTimeout(1100);
  await setDays(0);
  expect(errorOf(await dataverse.call(link)).code).toBe('0x80044352');
  await setDays(7);
  expect((await dataverse.call(link)).status).toBe(200);
});

type Step = { kind: 'create' | 'update' | 'delete' | 'recreate' | 'read'; at: number };
const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom('create', 'create', 'update', 'delete', 'recreate', 'read'),
    at: fc.nat(5),
  }),
  { minLength: 1, maxLength: 25 },
);
const quirks = fc.record({
  updateAndDeleteOfSameId: fc.boolean(),
  shuffleOrder: fc.boolean(),
  deletesFirst: fc.boolean(),
  deltaLinkFirst: fc.boolean(),
});

test('after any interleaving of changes and delta reads a client has what the organization has', async () => {
  await fc.assert(
    fc.asyncProperty(steps, quirks, async (list, switches) => {
      await dataverse.switches(switches);
      const copy = new Map<string, string>();
      const apply = async (rows: Row[]) => {
        for (const row of rows.filter((one) => one.reason !== 'deleted'))
          copy.set(String(row.accountid), String(row.name));
        for (const { id } of rows.filter((one) => one.reason === 'deleted')) {
          // An id in both lists: only the organization knows.
          const live = await dataverse.call(`accounts(${id})?$select=name`);
          if (live.status === 404) copy.delete(String(id));
          else copy.set(String(id), String(live.body.name));
        }
      };
      const first = await dataverse.drain(
        'accounts?$select=name',
        'odata.track-changes,odata.maxpagesize=20',
      );
      await apply(first.rows);
      let link = first.deltaLink;
      const ids: string[] = [];
      const dead: string[] = [];
      for (const [n, { kind, at }] of list.entries()) {
        const id = ids[at % Math.max(ids.length, 1)];
        if (kind === 'create') ids.push(await create({ name: `n${n}` }));
        if (kind === 'update' && id) await patch(id, { name: `n${n}` });
        if (kind === 'delete' && id) dead.push(...ids.splice(ids.indexOf(id), 1));
        if (kind === 'delete' && id) await remove(id);
        const back = kind === 'recreate' ? dead.pop() : undefined;
        if (back) ids.push(await create({ accountid: back, name: `again${n}` }));
        if (kind === 'read') {
          // Two rows a page, and a change between the pages.
          const page = await dataverse.call(link, { prefer: 'odata.maxpagesize=2' });
          await apply(page.body.value);
          if (ids[0]) await patch(ids[0], { name: `between${n}` });
          const next = page.body['@odata.nextLink'];
          const rest = next ? await dataverse.drain(String(next), 'odata.maxpagesize=2') : undefined;
          await apply(rest?.rows ?? []);
          link = rest?.deltaLink ?? String(page.body['@odata.deltaLink']);
        }
      }
      await apply((await delta(link)).rows);
      const store = await dataverse.drain('accounts?$select=name', 'odata.maxpagesize=5000');
      expect([...copy].sort()).toEqual(store.rows.map((row) => [row.accountid, row.name]).sort());
    }),
    { numRuns: 25 },
  );
});

test.each([true, false])(
  'what commits late comes with a later delta only where tokens wait for it (%s)',
  async (waits) => {
    await dataverse.switches({ tokensWaitForTransactions: waits });
    const [late, early] = [await create({ name: 'Late' }), await create({ name: 'Early' })];
    const before = await anchor();
    const update = { table: 'account', id: late, values: { name: 'Committed late' } };
    const { version } = (await dataverse.simulator('POST', '/transaction', update)).body;
    await patch(early, { name: 'Committed early' });
    const first = await delta(before);
    expect(first.rows.map(({ name }) => name)).toEqual(waits ? [] : ['Committed early']);
    await dataverse.simulator('POST', '/transaction', { commit: version });
    const second = await delta(first.deltaLink);
    expect(second.rows.map(({ name }) => name)).toEqual(waits ? ['Committed late', 'Committed early'] : []);
    const { body } = await dataverse.call(`accounts(${late})?$select=name,versionnumber`);
    expect(body).toMatchObject({ name: 'Committed late', versionnumber: version });
  },
);
