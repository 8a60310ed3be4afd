import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  activated,
  exportOf,
  exportsOf,
  type Profile,
  profileSchema,
  stopped,
  withTables,
} from '../../shared/model/profile.ts';
import { aProfile } from '../contracts/storage.ts';

const tablesOf = (names: readonly string[]) => names.map((name) => ({ name, settings: {} }));
const namesOf = ({ tables }: Profile) => tables.map(({ name }) => name);

/** What may be done to a profile, in any order. */
const step = fc.oneof(
  fc.constantFrom('metadata' as const, 'all' as const).map((scope) => ({
    kind: 'activate' as const,
    scope,
  })),
  fc.constant({ kind: 'deactivate' as const }),
  fc.subarray(['account', 'constructor', 'contact', 'lead'], { minLength: 1 }).map((names) => ({
    kind: 'tables' as const,
    names,
  })),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function after(profile: Profile, what: Step): Profile {
  if (what.kind === 'activate') return activated(profile, what.scope);
  if (what.kind === 'deactivate') return stopped(profile, 'inactive');
  return withTables(profile, tablesOf(what.names));
}

/** What must hold between a profile and the same after one step. */
function check(before: Profile, what: Step, now: Profile): void {
  for (const asked of exportsOf(now)) {
    const known = exportOf(before, asked.table);
    expect(namesOf(now)).toContain(asked.table);
    // What goes on is not disturbed; what is new has a number that no work before it had, and only an activation makes it.
    if (known?.activation === asked.activation) expect(asked).toEqual(known);
    else {
      expect(asked.activation).toBe(before.activation + 1);
      expect(what.kind).toBe('activate');
    }
    if (known?.scope === 'all') expect(asked).toEqual(known);
  }
  if (what.kind === 'deactivate') expect(exportsOf(now)).toEqual([]);
  if (what.kind === 'tables')
    expect(exportsOf(now)).toEqual(exportsOf(before).filter(({ table }) => what.names.includes(table)));
  if (what.kind === 'activate') {
    expect(exportsOf(now).map(({ table }) => table)).toEqual(namesOf(now));
    if (what.scope === 'all') expect(exportsOf(now).every(({ scope }) => scope === 'all')).toBe(true);
    expect(activated(now, what.scope)).toBe(now);
  }
  expect(profileSchema.parse(JSON.parse(JSON.stringify(now)))).toEqual(now);
}

test('whatever is done to a profile, what is exported goes on until it is stopped, and only an activation adds to it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      let profile = aProfile();
      for (const what of steps) {
        const now = after(profile, what);
        check(profile, what, now);
        profile = now;
      }
    }),
    { numRuns: 1000 },
  );
});

test('a profile that exports everything needs no list of it, as those that were stored before there was one', () => {
  const active = activated(aProfile({ tables: tablesOf(['account', 'contact']) }), 'all');
  expect(active).not.toHaveProperty('exports');
  expect(exportsOf(active)).toEqual([
    { table: 'account', activation: 1, scope: 'all' },
    { table: 'contact', activation: 1, scope: 'all' },
  ]);
  const grown = withTables(active, tablesOf(['account', 'contact', 'lead']));
  expect(grown.exports).toHaveLength(2);
  expect(stopped(grown, 'inactive')).not.toHaveProperty('exports');
});
