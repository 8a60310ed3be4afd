import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { contosoTenantId, organizationId, users } from '../../local/sign-ins.ts';
import { systemClock } from '../../shared/adapters/system/system-clock.ts';
import type { Row } from '../../shared/model/change.ts';
import type { Dataverse, PageRequest, RowQuery } from '../../shared/ports/dataverse.ts';
import { rowQuery } from '../../shared/schema/row-query.ts';
import { type SimulatedOrganization, simulatedOrganization } from './simulated-organization.ts';

const clock = systemClock();
let organization: SimulatedOrganization;
let source: Dataverse;

beforeAll(async () => {
  organization = await simulatedOrganization(800);
  source = organization.dataverse(37);
});
afterAll(() => organization.close());

const switchTo = (switches: object) => organization.simulator('PATCH', '/switches', switches);
afterEach(() =>
  switchTo({
    tokenBoundToSelect: false,
    pagesBoundToSelect: false,
    annotationsWithTrackChanges: true,
    deletesFirst: false,
    shuffleOrder: false,
    expiredStatus: 400,
    keyRanges: 'as-sorted',
  }),
);

/** What replication asks of a table. */
const queryOf = async (table: string): Promise<RowQuery> => rowQuery(await source.tableDefinition(table));

/** All pages from one request on. */
async function drain(request: PageRequest) {
  const rows: Row[] = [];
  const deletedIds: string[] = [];
  for (let next = request; ; ) {
    const page = await source.readPage(next);
    rows.push(...page.rows);
    deletedIds.push(...page.deletedIds);
    if (page.following.kind === 'next')
      next = { kind: 'next', query: request.query, link: page.following.link };
    else return { rows, deletedIds, following: page.following };
  }
}

async function deltaLinkOf(query: RowQuery): Promise<string> {
  const { following } = await drain({ kind: 'tracked-rows', query });
  if (following.kind !== 'delta') throw new Error('no delta link');
  return following.link;
}

describe('what the organization is', () => {
  test('its id, tenant and address', async () => {
    expect(await source.organization()).toMatchObject({
      id: organizationId,
      tenantId: contosoTenantId,
      url: `${organization.url}/`,
    });
  });

  test('its tables, with what stands in the way of replication', async () => {
    const tables = await source.tables();
    const tracked = tables
      .filter(({ hasChangeTracking }) => hasChangeTracking)
      .map(({ logicalName }) => logicalName);
    expect(tracked).toEqual(expect.arrayContaining(['account', 'contact', 'lead', 'accountleads']));
    expect(tables.find(({ logicalName }) => logicalName === 'accountleads')).toMatchObject({
      isIntersect: true,
    });
    expect(tables.find(({ logicalName }) => logicalName === 'account')).toMatchObject({
      displayName: 'Account',
    });
  });

  test('a table with all its attributes and their limits', async () => {
    const account = await source.tableDefinition('account');
    expect(account).toMatchObject({
      entitySetName: 'accounts',
      primaryId: 'accountid',
      hasChangeTracking: true,
      hasOptimisticConcurrency: true,
    });
    expect(account.attributes.length).toBeGreaterThan(200);
    const attribute = (name: string) => account.attributes.find(({ logicalName }) => logicalName === name);
    expect(attribute('accountid')).toMatchObject({ type: 'Uniqueidentifier', isPrimaryId: true });
    expect(attribute('name')).toMatchObject({ type: 'String', maxLength: 160, isPrimaryName: true });
    expect(attribute('revenue')).toMatchObject({ type: 'Money', precision: 2 });
    expect(attribute('owneridname')).toMatchObject({ attributeOf: 'ownerid', isValidODataAttribute: false });
    expect(attribute('entityimage')).toMatchObject({ type: 'Image' });
  });

  test('a table that does not exist', async () => {
    await expect(source.tableDefinition('new_nothing')).rejects.toMatchObject({
      code: 'DATAVERSE_TABLE_MISSING',
    });
    await expect(source.tableDefinition("it's")).rejects.toMatchObject({ code: 'DATAVERSE_TABLE_MISSING' });
  });
});

describe('reading', () => {
  test.each(['rows', 'tracked-rows'] as const)('%s gives every row once, page by page', async (kind) => {
    const query = await queryOf('account');
    const { rows, deletedIds, following } = await drain({ kind, query });
    const { tables } = await organization.simulator('GET', '');
    expect(new Set(rows.map((row) => row.accountid)).size).toBe(tables.account?.rows);
    expect(rows.length).toBe(tables.account?.rows);
    expect(deletedIds).toEqual([]);
    expect(following.kind).toBe(kind === 'rows' ? 'end' : 'delta');
    for (const column of query.columns) expect(rows[0]).toHaveProperty([column]);
  });

  test.each([
    ['as pages are sorted', 'as-sorted', 1],
    ['in another order', 'as-text', 3],
  ] as const)(
    'where keys are compared %s, ranges between keys give every row',
    async (_, keyRanges, most) => {
      const query = await queryOf('account');
      const ids = (await drain({ kind: 'rows', query })).rows.map((row) => String(row.accountid));
      const borders = [20, 50, 51, 120].map((index) => ids[index] ?? '');
      await switchTo({ keyRanges });
      const found: unknown[] = [];
      for (const [index, to] of [...borders, undefined].entries()) {
        const from = borders[index - 1];
        const { rows } = await drain({ kind: 'rows', query, ...(from && { from }), ...(to && { to }) });
        found.push(...rows.map((row) => row.accountid));
      }
      expect(new Set(found)).toEqual(new Set(ids));
      expect(found.length / ids.length).toBeLessThanOrEqual(most);
    },
  );

  test('ranges of keys that are refused are told, and rows by id are still read', async () => {
    const query = await queryOf('account');
    const [row] = (await drain({ kind: 'rows', query })).rows;
    const from = String(row?.accountid);
    await switchTo({ keyRanges: 'refused' });
    await expect(source.readPage({ kind: 'rows', query, from })).rejects.toMatchObject({
      code: 'DATAVERSE_REQUEST_REFUSED',
    });
    expect(await source.readRows(query, [from])).toHaveLength(1);
  });

  test('every tracked table can be read whole and by id, with all that its destination needs', async () => {
    const tables = (await source.tables()).filter(({ hasChangeTracking }) => hasChangeTracking);
    for (const { logicalName } of tables) {
      const query = await queryOf(logicalName);
      const { rows } = await drain({ kind: 'tracked-rows', query });
      const ids = rows.slice(0, 60).map((row) => String(row[query.table.primaryId]));
      const byId = await source.readRows(query, ids);
      expect(byId.map((row) => row[query.table.primaryId]).sort(), logicalName).toEqual(ids.sort());
      for (const column of query.columns) for (const row of byId) expect(row).toHaveProperty([column]);
    }
  });

  test('a table without change tracking is told', async () => {
    const query = await queryOf('userquery');
    await expect(source.readPage({ kind: 'tracked-rows', query })).rejects.toMatchObject({
      code: 'DATAVERSE_TRACKING_OFF',
    });
  });

  const behaviours = [true, false].flatMap((tokenBoundToSelect) =>
    [true, false].map((annotationsWithTrackChanges) => ({ tokenBoundToSelect, annotationsWithTrackChanges })),
  );
  test.each(behaviours)(
    'a delta of the identity pass has all columns and annotations: %o',
    async (switches) => {
      await switchTo({
        ...switches,
        deletesFirst: switches.tokenBoundToSelect,
        shuffleOrder: switches.tokenBoundToSelect,
      });
      const query = await queryOf('account');
      const link = await deltaLinkOf({ ...query, columns: ['accountid'], hasAnnotations: false });
      const made = await organization.call(
        'POST',
        'accounts',
        '{"name":"Made","revenue":90071992547409.9301}',
      );
      const again = await organization.call('POST', 'accounts', { name: 'Deleted and made again' });
      await organization.call('DELETE', `accounts(${again.accountid})`);
      await organization.call('POST', 'accounts', { accountid: again.accountid, name: 'Made again' });
      const gone = await organization.call('POST', 'accounts', { name: 'Gone' });
      await organization.call('DELETE', `accounts(${gone.accountid})`);

      const { rows, deletedIds, following } = await drain({ kind: 'delta', query, link });
      expect(rows.map((row) => row.name).sort()).toEqual(['Made', 'Made again']);
      expect(deletedIds).toContain(gone.accountid);
      expect(deletedIds).not.toContain(again.accountid);
      const row = rows.find(({ accountid }) => accountid === made.accountid);
      for (const column of query.columns) expect(row).toHaveProperty([column]);
      expect(row?.['_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname']).toBe('systemuser');
      if (following.kind !== 'delta') return expect.fail('no delta link');
      expect(await drain({ kind: 'delta', query, link: following.link })).toMatchObject({
        rows: [],
        deletedIds: [],
      });
    },
  );

  test.each([400, 410])('an expired token is told, whatever the status: %i', async (expiredStatus) => {
    const query = await queryOf('team');
    const link = await deltaLinkOf(query);
    await switchTo({ expiredStatus });
    await organization.simulator('POST', '/faults', { route: 'deltatoken', kind: 'expired-delta', count: 2 });
    const expired = source.readPage({ kind: 'delta', query, link });
    await expect(expired).rejects.toMatchObject({ code: 'DATAVERSE_DELTA_TOKEN_EXPIRED' });
    await organization.simulator('DELETE', '/faults');
  });

  test('passing faults are not seen', async () => {
    const query = await queryOf('contact');
    const patient = organization.dataverse(5000, { clock: quickClock() });
    const { tables } = await organization.simulator('GET', '');
    for (const kinds of [
      ['502', 'reset', 'html', 'deadlock'],
      ['unauthorized', '429-requests', '503'],
    ]) {
      for (const kind of kinds) await organization.simulator('POST', '/faults', { route: '/contacts', kind });
      const page = await patient.readPage({ kind: 'rows', query });
      expect(page.rows).toHaveLength(tables.contact?.rows ?? -1);
    }
  });
});

/** Waits a hundredth of what it is asked for, and tells the time accordingly. */
function quickClock() {
  let ahead = 0;
  return {
    now: () => new Date(Date.now() + ahead),
    sleep: async (milliseconds: number) => {
      ahead += milliseconds * 0.99;
      await clock.sleep(milliseconds / 100);
    },
  };
}

describe('a column that is deleted', () => {
  test('is left out of the delta, and of the next page of a load; a link bound to it is void', async () => {
    const before = await queryOf('lead');
    const link = await deltaLinkOf(before);
    const plain = await source.readPage({ kind: 'rows', query: before });
    await switchTo({ tokenBoundToSelect: true, pagesBoundToSelect: true });
    const bound = await deltaLinkOf(before);
    const boundPlain = await source.readPage({ kind: 'rows', query: before });
    await organization.simulator('POST', '/schema', { table: 'lead', dropColumn: 'fax' });

    const query = await queryOf('lead');
    expect(query.columns).toEqual(before.columns.filter((column) => column !== 'fax'));
    const isVoid = { code: 'DATAVERSE_DELTA_TOKEN_EXPIRED' };
    await expect(source.readPage({ kind: 'delta', query, link: bound })).rejects.toMatchObject(isVoid);
    if (plain.following.kind !== 'next' || boundPlain.following.kind !== 'next')
      return expect.fail('no next link');
    const next = { kind: 'next', query, link: boundPlain.following.link } as const;
    await expect(source.readPage(next)).rejects.toMatchObject(isVoid);

    await switchTo({ tokenBoundToSelect: false, pagesBoundToSelect: false });
    const following = await source.readPage({ ...next, link: plain.following.link });
    const seen = new Set(plain.rows.map(({ leadid }) => leadid));
    expect(following.rows.length).toBeGreaterThan(0);
    expect(following.rows.filter(({ leadid }) => seen.has(leadid))).toEqual([]);
    const { leadid } = await organization.call('POST', 'leads', { lastname: 'after the column' });
    expect((await drain({ kind: 'delta', query, link })).rows).toMatchObject([{ leadid }]);
  });
});

describe('rows by id and writing', () => {
  test('a row is touched when nobody was faster, and the delta shows it', async () => {
    const query = await queryOf('contact');
    const link = await deltaLinkOf(query);
    const { contactid: id } = await organization.call('POST', 'contacts', { lastname: 'Ådèle 🦊' });
    const missing = 'dddddddd-0000-4000-8000-000000000001';
    const [row, ...others] = await source.readRows(query, [String(id), missing]);
    expect(others).toEqual([]);
    const etag = String(row?.['@odata.etag']);
    const values = { lastname: row?.lastname ?? null };
    const written = await source.writeRow(query.table, String(id), etag, values);
    if (written.kind !== 'written') return expect.fail(written.kind);
    expect(BigInt(written.version)).toBeGreaterThan(BigInt(String(row?.versionnumber)));
    expect(await source.writeRow(query.table, String(id), etag, values)).toEqual({ kind: 'changed' });
    const { rows } = await drain({ kind: 'delta', query, link });
    expect(rows.find((each) => each.contactid === id)).toMatchObject({ lastname: 'Ådèle 🦊' });
    await organization.call('DELETE', `contacts(${id})`);
    expect(await source.writeRow(query.table, String(id), etag, values)).toEqual({ kind: 'gone' });
    expect(await source.writeRow(query.table, missing, etag, values)).toEqual({ kind: 'gone' });
  });
});

describe('users', () => {
  const stranger = 'eeeeeeee-0000-4000-8000-000000000001';
  test('the administrator is one, others are not', async () => {
    expect(await source.isSystemAdministrator(users.admin.objectId.toUpperCase())).toBe(true);
    expect(await source.isSystemAdministrator(users.reader.objectId)).toBe(false);
    expect(await source.isSystemAdministrator(stranger)).toBe(false);
    expect(await source.isSystemAdministrator("' or 1 eq 1")).toBe(false);
  });

  test('enabled users are known', async () => {
    expect(await source.isEnabledUser(users.reader.objectId)).toBe(true);
    expect(await source.isEnabledUser(stranger)).toBe(false);
  });
});
