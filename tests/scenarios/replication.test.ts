import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hasCode, ServiceError } from '../../shared/errors.ts';
import { smallTable } from '../fakes/fake-dataverse.ts';
import { type CrashPoint, profile, replicationWorld, rival, table } from './replication-world.ts';

type World = Awaited<ReturnType<typeof replicationWorld>>;

const idOf = (n: number) => `0000000${n.toString(16)}-0000-4000-8000-000000000000`;
const outage = new ServiceError(
  'DESTINATION_UNREACHABLE',
  'Cannot reach the destination: it is switched off.',
);

/** Runs of each behaviour; more for a long look. */
const numRuns = Number(process.env.REPLICATION_SEEDS ?? 200);

const crash = fc.option(fc.record({ atCall: fc.integer({ min: 1, max: 90 }), isAfterEffect: fc.boolean() }), {
  nil: undefined,
  freq: 2,
});
const id = fc.integer({ min: 0, max: 15 }).map(idOf);

/** What may happen, in any order. */
const happening = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      id,
      name: fc.constantFrom('good', 'bad', 'x'),
      fax: fc.constantFrom(null, '1', '2'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), id }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      index: fc.nat(5),
      crash,
      isKept: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('deliverTwo' as const), crash }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('deliverInTheMiddle' as const),
      atCall: fc.integer({ min: 1, max: 20 }),
      deleted: fc.option(id),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('changeMeanwhile' as const),
      id,
      change: fc.constantFrom('put', 'putBad', 'putFax', 'delete', 'renameSet'),
      atCall: fc.integer({ min: 1, max: 90 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('tick' as const), seconds: fc.constantFrom(1, 5, 20, 60, 700) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('watchdog' as const), crash }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('nudge' as const), crash }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reconcile' as const), crash }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('holdBack' as const), isOn: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expireTokens' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('voidPages' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('mayRead' as const), isAll: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refuseBadRows' as const), isOn: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('outage' as const), isOn: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('activate' as const, 'activateAgain' as const, 'tablesOnly' as const),
      crash,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('deactivate' as const, 'takeOut' as const, 'bringBack' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('dropTable' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('resync' as const),
      body: fc.oneof(
        fc.constantFrom({}, { Scope: 'Entity', Entity: table }),
        fc.record({
          ...{ Scope: fc.constant('Records'), Entity: fc.constant(table) },
          RecordIds: fc.array(id, { minLength: 1, maxLength: 4 }),
        }),
      ),
      crash,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('addColumn', 'publish') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('relabel' as const),
      text: fc.constantFrom('Hot', 'Warm', 'Cold'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('throttle' as const),
      requestsBefore: fc.nat(12),
      seconds: fc.constantFrom(1, 30, 300),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('staleVersion' as const), isOn: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('renameSet' as const), set: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('track' as const), isOn: fc.boolean() }) },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

/** Refused where the profile is not active or the destination is down. */
async function resync(world: World, body: object = {}, crash?: CrashPoint): Promise<void> {
  try {
    await world.call('resync', profile, crash, undefined, body);
  } catch (error) {
    if (!hasCode(error, 'PROFILE_NOT_ACTIVE', 'REQUEST_INVALID', 'DESTINATION_UNREACHABLE')) throw error;
  }
}

/** Changes are tracked no more, or again: links from before are refused then. */
function track(world: World, isOn: boolean): void {
  if (!world.source.track(table, isOn)) return;
  if (isOn) world.source.expireTokens();
}

async function happen(world: World, what: Happening): Promise<unknown> {
  switch (what.kind) {
    case 'put':
      return world.source.put(table, what.id, {
        name: what.name,
        ...(world.hasColumn('fax') && { fax: what.fax }),
      });
    case 'delete':
      return world.source.delete(table, what.id);
    case 'deliver':
      return world.deliver(what.index, what.crash, what.isKept);
    case 'deliverTwo':
      return Promise.all([world.deliver(0, what.crash, true), world.deliver(1)]);
    case 'deliverInTheMiddle':
      return world.deliver(0, undefined, false, {
        atCall: what.atCall,
        act: async () => {
          // In this process it would wait for ever for the page that the other delivery holds.
          await world.deliverElsewhere(0);
          if (what.deleted) world.source.delete(table, what.deleted);
        },
      });
    case 'changeMeanwhile': {
      const act = async () => {
        if (what.change === 'delete') return world.source.delete(table, what.id);
        if (what.change === 'renameSet') return world.renameSet(`set${what.atCall}`);
        if (what.change === 'putFax') world.addColumn('fax');
        const fax = what.change === 'putFax' ? { fax: '3' } : {};
        world.source.put(table, what.id, { name: what.change === 'putBad' ? 'bad' : 'good', ...fax });
      };
      return world.deliver(0, undefined, false, { atCall: what.atCall, act });
    }
    case 'tick':
      return world.tick(what.seconds);
    case 'watchdog':
      return world.watchdog(what.crash);
    case 'nudge':
      return world.nudge(what.crash);
    case 'reconcile':
      return world.reconcile(what.crash);
    case 'holdBack':
      return world.source.holdChangesBack(what.isOn);
    case 'staleVersion':
      return world.source.tellStaleVersion(what.isOn);
    case 'renameSet':
      return world.renameSet(`set${what.set}`);
    case 'track':
      return track(world, what.isOn);
    case 'expireTokens':
      return world.source.expireTokens();
    case 'voidPages':
      return world.source.voidPages();
    case 'mayRead':
      return world.source.readsAll(table, what.isAll);
    case 'refuseBadRows':
      return world.refuseBadRows(what.isOn);
    case 'outage':
      return world.destination.failWith(what.isOn ? outage : undefined);
    case 'resync':
      return resync(world, what.body, what.crash);
    case 'dropTable':
      return world.destination.dropTable(table);
    case 'addColumn':
      return world.addColumn('fax');
    case 'publish':
      return world.source.define(smallTable('contact'));
    case 'relabel':
      return world.relabel(what.text);
    case 'throttle':
      return world.throttle(what.requestsBefore, what.seconds);
    case 'activateAgain':
      await world.call('deactivate');
      return world.call('activate', profile, what.crash);
    case 'tablesOnly':
      await world.call('deactivate');
      return world.call('activateMetadata', profile, what.crash);
    case 'deactivate':
      return world.call('deactivate');
    case 'activate':
      return world.call('activate', profile, what.crash);
    case 'takeOut':
      return world.change({ tables: [] });
    case 'bringBack':
      return world.change({ tables: profile.tables });
  }
}

const sourceRows = (world: World) =>
  Object.fromEntries(
    [...world.source.rows(table)].map(([key, row]) => [
      key,
      [row.values.name, row.values.fax ?? null, String(row.version)],
    ]),
  );
const destinationRows = (world: World) =>
  Object.fromEntries(
    [...world.destination.rows(table)].map(([key, row]) => [
      key,
      [row.name, row.fax ?? null, row.versionnumber],
    ]),
  );

/** Rows that the delete log names although nobody ever deleted them in Dataverse. */
const wronglyDeleted = (world: World) =>
  world.destination.deleteLog.filter(({ id }) => !world.source.deletedIds.has(id));

const labelsOf = (rows: ReturnType<World['destination']['metadataRows']>) =>
  rows?.map(({ LocalizedLabel }) => LocalizedLabel);

/** What was given up comes again when it is touched in Dataverse, or when somebody asks for it. */
async function comesToRest(world: World, isAsked: boolean): Promise<void> {
  world.destination.failWith(undefined);
  world.refuseBadRows(false);
  world.source.holdChangesBack(false);
  world.source.tellStaleVersion(false);
  track(world, true);
  world.source.readsAll(table, true);
  await world.change({ tables: profile.tables });
  await world.call('activate');
  await world.settle();
  if (isAsked) await resync(world);
  for (const touched of isAsked ? [] : world.givenUp())
    if (world.source.rows(table).has(touched)) world.source.put(table, touched, {});
  await world.settle();
}

/** What is not documented of Dataverse, each way. */
const behaviours = (['start', 'end'] as const).flatMap((tokenTime) =>
  (['as-sorted', 'otherwise', 'refused'] as const).map((keyFilter) => ({
    tokenTime,
    keyFilter,
    valueFilter: tokenTime === 'end' ? ('refused' as const) : ('taken' as const),
    linksOfOldSet: keyFilter === 'otherwise' ? ('refused' as const) : ('taken' as const),
  })),
);

/** Pages of few rows, so that a load has several ranges; as many at a time as memory and time allow. */
const size = fc.record({
  pageSize: fc.integer({ min: 1, max: 3 }),
  pages: fc.integer({ min: 1, max: 5 }),
  secondsAPage: fc.constantFrom(0, 0, 70),
  latencies: fc.array(fc.nat(60), { maxLength: 5 }),
  metadataChanges: fc.constantFrom('of-now', 'of-stale-version', 'expired', 'refused'),
});

test.each(behaviours)(
  'whatever happens, the destination is the source once changes stop (tokens from the $tokenTime of a read, keys compared $keyFilter)',
  async (behaviour) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(happening, { minLength: 5, maxLength: 60 }),
        fc.nat(16),
        fc.boolean(),
        size,
        async (history, rowsAtFirst, isAsked, sizes) => {
          const world = await replicationWorld({ ...behaviour, ...sizes });
          for (let n = 0; n < rowsAtFirst; n += 1) world.source.put(table, idOf(n), { name: 'first' });
          await world.call('activate');
          for (const what of history) await happen(world, what);
          await comesToRest(world, isAsked);
          expect(destinationRows(world)).toEqual(sourceRows(world));
          expect(world.destination.rejectedRows()).toEqual([]);
          expect(await world.destination.rejectedAmong(table, [...world.source.rows(table).keys()])).toEqual(
            new Set(),
          );
          expect(wronglyDeleted(world)).toEqual([]);
          expect(labelsOf(world.destination.metadataRows('OptionSetMetadata'))).toEqual(world.labels());
          expect(world.driftTold()).toBe(0);
          expect(world.messageCount()).toBe(1);
          const state = await world.syncStates.get(profile.id, table);
          expect(state?.phase).toBe('delta');
          expect(state?.initialSyncState).toMatch(/^Completed/);
        },
      ),
      { numRuns },
    );
  },
);

test('of two live profiles that want one table, one fills it; when it ends, the other takes over', async () => {
  const world = await replicationWorld();
  for (let n = 0; n < 8; n += 1) world.source.put(table, idOf(n), { name: 'first' });
  await Promise.all([world.call('activate'), world.call('activate', rival)]);
  await Promise.all([world.deliver(0), world.deliver(1)]);
  await world.settle();
  const states = await Promise.all([profile, rival].map(({ id }) => world.syncStates.get(id, table)));
  const codes = states.map((state) => state?.incident?.code);
  expect(codes.filter((code) => code === undefined)).toHaveLength(1);
  expect(codes).toContain('DESTINATION_TABLE_CONFLICT');
  expect(destinationRows(world)).toEqual(sourceRows(world));
  const [winner, loser] = codes[0] === undefined ? [profile, rival] : [rival, profile];
  await world.call('deactivate', winner);
  world.source.delete(table, idOf(3));
  world.source.put(table, idOf(4), { name: 'second' });
  await world.settle();
  expect((await world.syncStates.get(loser.id, table))?.incident).toBeUndefined();
  expect(destinationRows(world)).toEqual(sourceRows(world));
});

test('an organization that refuses every delta token is loaded with growing pauses, and people are told', async () => {
  const world = await replicationWorld();
  for (let n = 0; n < 8; n += 1) world.source.put(table, idOf(n), { name: 'first' });
  await world.call('activate');
  world.source.refuseTokens(true);
  for (let minute = 0; minute < 60; minute += 1) {
    world.tick(60);
    await world.deliver(0);
  }
  const state = await world.syncStates.get(profile.id, table);
  expect(state?.incident).toMatchObject({ code: 'DATAVERSE_DELTA_TOKEN_EXPIRED', isTold: true });
  expect(state?.incident?.attempts).toBeLessThan(25);
  world.source.refuseTokens(false);
  await world.settle();
  expect((await world.syncStates.get(profile.id, table))?.incident).toBeUndefined();
  expect(destinationRows(world)).toEqual(sourceRows(world));
});

test('a row that is asked for before the first load, and is deleted before the load sees it, does not stay', async () => {
  const world = await replicationWorld();
  world.source.put(table, idOf(0), { name: 'first' });
  await world.call('activate');
  const { writePage } = world.destination;
  world.destination.writePage = () => Promise.reject(outage);
  await world.deliver(0);
  world.destination.writePage = writePage;
  await resync(world, { Scope: 'Records', Entity: table, RecordIds: [idOf(0)] });
  await world.deliver(0);
  expect([...world.destination.rows(table).keys()]).toEqual([idOf(0)]);
  world.source.delete(table, idOf(0));
  await world.settle();
  expect(destinationRows(world)).toEqual({});
});

test('a row that a retry writes while a reload reads its table, and is deleted before it is seen, does not stay', async () => {
  const world = await replicationWorld();
  world.source.put(table, idOf(0), { name: 'first' });
  world.source.put(table, idOf(1), { name: 'first' });
  await world.call('activate');
  await world.settle();
  await resync(world, { Scope: 'Entity', Entity: table });
  await resync(world, { Scope: 'Records', Entity: table, RecordIds: [idOf(0), idOf(1)] });
  const { dataverse } = world.source;
  const { readPage } = dataverse;
  const stamps: unknown[] = [];
  dataverse.readPage = async (request) => {
    dataverse.readPage = readPage;
    world.tick(1);
    await world.deliver(0);
    stamps.push((await world.destination.checkpoint(table))?.phase, world.destination.rejectedRows());
    world.source.delete(table, idOf(0));
    return readPage(request);
  };
  await world.deliver(0);
  expect(stamps).toEqual(['identity', []]);
  await world.settle();
  expect(destinationRows(world)).toEqual(sourceRows(world));
  expect([...world.destination.rows(table).keys()]).toEqual([idOf(1)]);
});
