import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hasCode, ServiceError } from '../../shared/errors.ts';
import type { Profile } from '../../shared/model/profile.ts';
import { type Meanwhile, profile, replicationWorld, rival, table } from './replication-world.ts';

type World = Awaited<ReturnType<typeof replicationWorld>>;

const idOf = (n: number) => `0000000${n.toString(16)}-0000-4000-8000-000000000000`;
const crash = fc.option(fc.record({ atCall: fc.integer({ min: 1, max: 12 }), isAfterEffect: fc.boolean() }), {
  nil: undefined,
  freq: 3,
});

/** A call of the life cycle, of one of two profiles that want the same table; `put` takes it out or brings it back. */
const call = fc.record({
  who: fc.constantFrom(0, 1),
  name: fc.constantFrom(
    'activate',
    'activate',
    'activateMetadata',
    'deactivate',
    'takeOut',
    'bringBack',
    'delete',
  ),
  crash,
});
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

/** At some call to a port of what is under way: other calls, and turns in another process. */
const meanwhile = fc.record({
  atCall: fc.integer({ min: 1, max: 40 }),
  calls: fc.array(call, { maxLength: 3 }),
  elsewhere: fc.array(fc.nat(3), { maxLength: 2 }),
});
/** Calls and the watchdog are short. */
const soon = fc.record({
  atCall: fc.integer({ min: 1, max: 8 }),
  calls: fc.array(call, { maxLength: 2 }),
  elsewhere: fc.constant<number[]>([]),
});

const happening = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('call' as const), call, meanwhile: soon }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      row: fc.nat(9),
      name: fc.option(fc.constantFrom('good', 'bad', 'x'), { nil: undefined }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      index: fc.nat(3),
      isKept: fc.boolean(),
      meanwhile,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('tick' as const), seconds: fc.constantFrom(5, 20, 700) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('watchdog' as const), crash, meanwhile: soon }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refuseBadRows' as const), isOn: fc.boolean() }) },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

/** A world and the two profiles of now: one that was deleted is followed by a new one of the same name. */
interface Play {
  readonly world: World;
  readonly players: Profile[];
  readonly deleted: Profile[];
  readonly hasCrashes: boolean;
}

/** What is deleted meanwhile is no fault. */
function unlessGone(error: unknown): void {
  if (!hasCode(error, 'PROFILE_NOT_FOUND')) throw error;
}

async function make(
  { world, players, deleted, hasCrashes }: Play,
  { who, name, ...call }: Call,
  meanwhile?: Meanwhile,
): Promise<void> {
  const player = players[who] as Profile;
  const crash = hasCrashes ? call.crash : undefined;
  if (name === 'takeOut') return world.change({ tables: [] }, player);
  if (name === 'bringBack') return world.change({ tables: profile.tables }, player);
  if (name !== 'delete') {
    await world.call(name as 'activate', player, crash, meanwhile).catch(unlessGone);
    return;
  }
  // What died on its way is asked for again, as a client does that got no answer.
  await world.call('delete', player, crash, meanwhile).catch(unlessGone);
  await world.call('delete', player).catch(unlessGone);
  deleted.push(player);
  if (players[who] !== player) return;
  const follower = { ...rival, id: crypto.randomUUID(), name: player.name };
  players[who] = follower;
  await world.create(follower);
}

async function happen(play: Play, what: Happening): Promise<void> {
  const { world } = play;
  const asMeanwhile = ({
    atCall,
    calls,
    elsewhere,
  }: typeof meanwhile extends fc.Arbitrary<infer T> ? T : never) => ({
    atCall,
    act: async () => {
      for (const each of calls) await make(play, each);
      for (const index of elsewhere) await world.deliverElsewhere(index);
    },
  });
  switch (what.kind) {
    case 'call':
      return make(play, what.call, asMeanwhile(what.meanwhile));
    case 'change':
      if (what.name === undefined) return world.source.delete(table, idOf(what.row));
      return world.source.put(table, idOf(what.row), { name: what.name });
    case 'deliver':
      return world.deliver(what.index, undefined, what.isKept, asMeanwhile(what.meanwhile));
    case 'tick':
      return world.tick(what.seconds);
    case 'watchdog':
      await world.watchdog(play.hasCrashes ? what.crash : undefined, asMeanwhile(what.meanwhile));
      return;
    case 'refuseBadRows':
      return world.refuseBadRows(what.isOn);
  }
}

const versions = (rows: Iterable<readonly [string, { readonly version: number }]>) =>
  Object.fromEntries([...rows].map(([id, { version }]) => [id, String(version)]));

test('whatever order of calls, on whichever of two profiles, in the middle of whatever work: the table is the source', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(happening, { minLength: 5, maxLength: 50 }),
      fc.boolean(),
      async (history, hasCrashes) => {
        const world = await replicationWorld();
        const play: Play = { world, players: [{ ...profile }, { ...rival }], deleted: [], hasCrashes };
        for (let n = 0; n < 9; n += 1) world.source.put(table, idOf(n), { name: 'first' });
        await world.call('activate');
        for (const what of history) await happen(play, what);

        world.refuseBadRows(false);
        const [last, other] = play.players as [Profile, Profile];
        await world.call('deactivate', other);
        await world.change({ tables: profile.tables }, last);
        await world.call('activate', last);
        await world.settle();
        for (const touched of world.givenUp())
          if (world.source.rows(table).has(touched)) world.source.put(table, touched, {});
        await world.settle();

        expect(
          Object.fromEntries(
            [...world.destination.rows(table)].map(([id, { versionnumber }]) => [id, versionnumber]),
          ),
        ).toEqual(versions(world.source.rows(table)));
        expect(world.destination.rejectedRows()).toEqual([]);
        // One turn is on its way, and nothing for anybody else.
        expect(world.messageCount()).toBe(1);
        const state = await world.syncStates.get(last.id, table);
        expect(state).toMatchObject({
          phase: 'delta',
          initialSyncState: expect.stringMatching(/^Completed/),
        });
        expect(state?.incident).toBeUndefined();
        // A process that dies just when it has to take its state back leaves it; nothing ever looks at it again.
        if (!hasCrashes)
          for (const gone of play.deleted) expect(await world.syncStates.list(gone.id)).toEqual([]);
      },
    ),
    { numRuns: 600 },
  );
});

test('work that is under way when its profile is deleted is of no other profile', async () => {
  const world = await replicationWorld();
  world.source.put(table, idOf(1), { name: 'first' });
  await world.call('activate');
  world.destination.failWith(new ServiceError('DESTINATION_LOGIN_FAILED', 'Cannot connect: refused.'));
  await world.deliver(0, undefined, false, { atCall: 4, act: () => world.call('delete') });
  expect([...world.failures.containers.keys()]).toEqual([]);
  expect(await world.syncStates.list(profile.id)).toEqual([]);
  expect(world.messageCount()).toBe(0);
});
