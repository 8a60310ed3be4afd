import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { secondIdentity } from '../../local/sign-ins.ts';
import type { FurtherIdentity } from '../../shared/adapters/dataverse/web-api.ts';
import { accessTokens } from '../../shared/adapters/entra/access-tokens.ts';
import { appCredential } from '../../shared/adapters/entra/app-credential.ts';
import { systemClock } from '../../shared/adapters/system/system-clock.ts';
import { hasCode } from '../../shared/errors.ts';
import type { ChangePage } from '../../shared/model/change.ts';
import type { Dataverse, PageRequest, RowQuery } from '../../shared/ports/dataverse.ts';
import { type SimulatedOrganization, simulatedOrganization } from './simulated-organization.ts';

const clock = systemClock();
const windowSeconds = 4;
/** What two servers grant one user in a second: 15 requests; a page takes 30 ms. */
const smallLimits = {
  requestLimit: 30,
  limitWindowSeconds: windowSeconds,
  concurrencyLimit: 3,
  webServers: 2,
  answerMilliseconds: 30,
};
const pace = { mostAtOnce: 32, sharePercent: 80, windowSeconds };
const tables = ['account', 'contact', 'lead', 'opportunity', 'incident', 'task', 'email', 'activityparty'];

let organization: SimulatedOrganization;
let defaults: object;
beforeAll(async () => {
  organization = await simulatedOrganization(3000);
  defaults = (await state()).switches;
});
afterAll(() => organization.close());
beforeEach(async () => {
  await switchTo(defaults);
  // Nothing of an earlier test is left in the window.
  await clock.sleep(windowSeconds * 1000);
});

const switchTo = (switches: object) => organization.simulator('PATCH', '/switches', switches);
const state = async () => (await organization.simulator('GET', '')) as State;
interface State {
  readonly switches: object;
  readonly tables: Record<string, { readonly rows: number }>;
  readonly throttle: {
    readonly refused: Record<'requests' | 'time' | 'concurrency', number>;
    readonly windows: Record<string, { readonly requests: number }>;
  };
  readonly requests: Record<string, number>;
}

const second = (): readonly FurtherIdentity[] => {
  const credential = appCredential({ hasManagedIdentity: true, clientId: secondIdentity.clientId });
  return [{ clientId: secondIdentity.clientId, tokens: accessTokens({ credential, clock }) }];
};

/** What a turn does: it goes on where it was, later where it is told so, and fails at anything else than throttling. */
async function readOn(source: Dataverse, request: PageRequest): Promise<ChangePage> {
  for (;;) {
    try {
      return await source.readPage(request);
    } catch (error) {
      if (!hasCode(error, 'DATAVERSE_THROTTLED')) throw error;
      await clock.sleep((error.retryAfterSeconds ?? 5) * 1000);
    }
  }
}

async function queryOf(source: Dataverse, table: string): Promise<RowQuery> {
  const { logicalName, entitySetName, primaryId } = await source.tableDefinition(table);
  return { table: { logicalName, entitySetName, primaryId }, columns: [primaryId], hasAnnotations: false };
}

async function idsOf(source: Dataverse, table: string, kind: 'rows' | 'tracked-rows'): Promise<Set<unknown>> {
  const query = await queryOf(source, table);
  const ids = new Set<unknown>();
  for (let request: PageRequest = { kind, query }; ; ) {
    const page = await readOn(source, request);
    for (const row of page.rows) ids.add(row[query.table.primaryId]);
    if (page.following.kind !== 'next') return ids;
    request = { kind: 'next', query, link: page.following.link };
  }
}

/** Reads many tables at once to their ends, which without any pace takes minutes; which part of the requests was refused. */
async function loadAll(source: Dataverse): Promise<number> {
  const before = await counts();
  const loaded = await Promise.all(tables.map((table) => idsOf(source, table, 'rows')));
  const { tables: expected } = await state();
  expect(loaded.map(({ size }) => size)).toEqual(tables.map((table) => expected[table]?.rows));
  const { refused, requests } = await counts();
  return (refused - before.refused) / (requests - before.requests);
}

async function counts(): Promise<{ readonly refused: number; readonly requests: number }> {
  const { requests, throttle } = await state();
  const sum = (each: object) => Object.values(each).reduce((all: number, one: number) => all + one, 0);
  return { refused: sum(throttle.refused), requests: sum(requests) };
}

describe('many tables at once, against small limits', () => {
  test('everything arrives with few refusals, from each server without a cookie', async () => {
    await switchTo({ ...smallLimits, retryAfterForm: 'date' });
    expect(await loadAll(organization.dataverse(24, { pace }))).toBeLessThan(0.03);
    const servers = Object.values((await state()).throttle.windows).map(({ requests }) => requests);
    expect(servers.filter((requests) => requests > 0)).toHaveLength(2);
  }, 60_000);

  test('a second identity takes its part, and few are refused', async () => {
    await switchTo(smallLimits);
    const source = organization.dataverse(16, { pace, furtherIdentities: second() });
    expect(await loadAll(source)).toBeLessThan(0.05);
    const { throttle } = await state();
    const users = new Set(Object.keys(throttle.windows).map((key) => key.split(' ')[0]));
    expect(users.size).toBe(2);
  }, 60_000);
});

describe('a second identity', () => {
  const together = () => organization.dataverse(50, { furtherIdentities: second() });
  const memberAs = (more: object) =>
    organization.simulator('POST', '/members', {
      ...{ objectId: secondIdentity.objectId, applicationId: secondIdentity.clientId },
      ...{ name: 'Second Identity', role: 'integration', ...more },
    });

  test.each([false, true])(
    'may follow the links of the first, or not (bound to users: %s)',
    async (isBound) => {
      await switchTo({ linksBoundToUser: isBound });
      const source = together();
      for (const kind of ['rows', 'tracked-rows'] as const)
        expect((await idsOf(source, 'account', kind)).size).toBe((await state()).tables.account?.rows);
      const query = await queryOf(source, 'team');
      const { following } = await source.readPage({ kind: 'tracked-rows', query });
      if (following.kind !== 'delta') return expect.fail(following.kind);
      const { teamid } = await organization.call('POST', 'teams', { name: 'later' });
      for (let count = 0; count < 4; count++) {
        const { rows } = await source.readPage({ kind: 'delta', query, link: following.link });
        expect(rows).toMatchObject([{ teamid }]);
      }
    },
  );

  test('that may not read a table as a whole reads none of its rows, and is told of', async () => {
    await memberAs({ role: 'salesperson' });
    const source = together();
    expect(await source.tablesWithoutRead(['account', 'contact'])).toEqual(['account', 'contact']);
    const before = (await state()).requests['GET accounts'] ?? 0;
    const ids = await idsOf(source, 'account', 'rows');
    const { tables: all, requests } = await state();
    expect(ids.size).toBe(all.account?.rows);
    // One question of each identity, and a page for 50 rows with one more question: no page was refused.
    expect((requests['GET accounts'] ?? 0) - before).toBe(2 + 2 * Math.ceil(ids.size / 50));
    await memberAs({});
  });

  test('that is no user of the organization is asked once, and its part is done by the first', async () => {
    await memberAs({ isDisabled: true });
    const source = together();
    const ids = await idsOf(source, 'contact', 'rows');
    expect(ids.size).toBe((await state()).tables.contact?.rows);
    await expect(source.tablesWithoutRead(['contact'])).rejects.toMatchObject({
      code: 'DATAVERSE_UNAUTHORIZED',
      message: expect.stringContaining(secondIdentity.clientId) as string,
    });
    await memberAs({});
  });

  test('goes on while the first has to wait, and the other way round', async () => {
    const source = together();
    const query = await queryOf(source, 'lead');
    const page = () => source.readPage({ kind: 'rows', query });
    await page();
    const fault = { route: '/leads?', kind: '429-requests', retryAfterSeconds: 3600 };
    await organization.simulator('POST', '/faults', fault);
    for (let count = 0; count < 5; count++) expect((await page()).rows).toHaveLength(50);
    await organization.simulator('POST', '/faults', fault);
    await expect(page()).rejects.toMatchObject({ code: 'DATAVERSE_THROTTLED' });
  });
});
