import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  afterLook,
  type HealthCondition,
  type HealthFinding,
  type HealthSubject,
  healthFindingSchema,
  healthLife,
  healthSights,
  healthStages,
} from '../../../shared/model/health-finding.ts';

const quietSeconds = 600;
const hour = 3_600_000;
const subject: HealthSubject = {
  kind: 'lag-over-limit',
  profile: { id: 'p', name: 'Sales', organizationId: 'o' },
  table: 'account',
};
const condition = (isCertain: boolean, message = 'It lags.'): HealthCondition => ({
  ...{ severity: 'warning', message, whatToDo: 'Look.', isCertain },
});

/** A subject that is looked at: what is known of it, and all news there ever was. */
function life() {
  let now = Date.parse('2026-11-28T18:00:00.000Z');
  let finding: HealthFinding | undefined;
  let isSuspected = false;
  const news: { what: 'opened' | 'closed'; at: number; finding: HealthFinding }[] = [];
  return {
    news,
    finding: () => finding,
    look(minutes: number, seen: HealthCondition | undefined) {
      now += minutes * 60_000;
      const step = afterLook(
        { finding, isSuspected },
        subject,
        seen,
        new Date(now).toISOString(),
        quietSeconds,
      );
      ({ finding, isSuspected } = step);
      if (step.news && finding) news.push({ what: step.news, at: now, finding });
      return finding;
    },
  };
}

test('what is seen twice in a row opens, what is certain at once, and what is seen once in a while never', () => {
  const { look } = life();
  for (let times = 0; times < 5; times++) {
    expect(look(5, condition(false))).toBeUndefined();
    expect(look(5, undefined)).toBeUndefined();
  }
  look(5, condition(false));
  expect(look(5, condition(false))).toMatchObject({ state: 'open', openedAt: '2026-11-28T19:00:00.000Z' });
  expect(life().look(0, condition(true))).toMatchObject({ state: 'open', occurrences: 1, flaps: 0 });
});

test('an open one says what is seen now, and what was seen when it opened', () => {
  const { look } = life();
  look(0, condition(true, '10 rows'));
  expect(look(5, condition(true, '40,000 rows'))).toMatchObject({
    message: '40,000 rows',
    opening: { message: '10 rows' },
    openedAt: '2026-11-28T18:00:00.000Z',
    seenAt: '2026-11-28T18:05:00.000Z',
    occurrences: 2,
  });
});

test('an open one closes when it was not seen for as long as the setting says, at two looks at least', () => {
  const { look } = life();
  look(0, condition(true));
  expect(look(5, undefined)).toMatchObject({ state: 'open', missingSince: '2026-11-28T18:05:00.000Z' });
  expect(look(5, undefined)).toMatchObject({ state: 'open' });
  expect(look(5, undefined)).toMatchObject({ state: 'closed', closedAt: '2026-11-28T18:15:00.000Z' });
  look(90, condition(true));
  expect(look(60, undefined)).toMatchObject({ state: 'open' });
});

test('one that comes back within an hour is the same, and one that comes later is new under the same id', () => {
  const { look } = life();
  const first = look(0, condition(true));
  for (const minutes of [5, 10]) look(minutes, undefined);
  expect(look(59, condition(false))).toMatchObject({
    ...{ id: first?.id, state: 'open', openedAt: first?.openedAt, flaps: 1, occurrences: 2 },
    closedAt: undefined,
  });
  for (const minutes of [5, 10]) look(minutes, undefined);
  expect(look(60, condition(false))).toMatchObject({ state: 'closed' });
  expect(look(5, condition(false))).toMatchObject({
    ...{ id: first?.id, state: 'open', openedAt: '2026-11-28T20:34:00.000Z', flaps: 0, occurrences: 1 },
  });
});

test('however a condition flaps, its news alternate, few begin a new alert, and nothing is forgotten while it lasts', () => {
  const looks = fc.array(
    fc.record({
      minutes: fc.integer({ min: 1, max: 40 }),
      sight: fc.constantFrom('certain', 'seen', 'missing', 'missing'),
    }),
    { maxLength: 80 },
  );
  fc.assert(
    fc.property(looks, (given) => {
      const { look, news, finding } = life();
      let sightsInARow = 0;
      for (const { minutes, sight } of given) {
        const before = finding();
        const after = look(minutes, sight === 'missing' ? undefined : condition(sight === 'certain'));
        sightsInARow = sight === 'missing' ? 0 : sightsInARow + 1;
        if (sight === 'certain' || sightsInARow >= 2) expect(after?.state).toBe('open');
        if (after) expect(healthFindingSchema.parse(JSON.parse(JSON.stringify(after)))).toEqual(after);
        if (after) expect(after.state === 'closed').toBe(after.closedAt !== undefined);
        if (before?.state === 'open') expect(after?.openedAt).toBe(before.openedAt);
        if (before) expect(after).toBeDefined();
      }
      news.forEach(({ what, at, finding: told }, index) => {
        const previous = news[index - 1];
        expect(what).toBe(previous?.what === 'opened' ? 'closed' : 'opened');
        if (!previous) return;
        if (what === 'closed') expect(at - previous.at).toBeGreaterThanOrEqual(quietSeconds * 1000);
        else {
          const isSame = at - previous.at < hour;
          expect(told.openedAt === previous.finding.openedAt).toBe(isSame);
          expect(told.flaps).toBe(isSame ? previous.finding.flaps + 1 : 0);
        }
      });
    }),
  );
});

test('the diagram on the page of health is the life that the program knows', () => {
  const page = readFileSync(new URL('../../../docs/health.md', import.meta.url), 'utf8');
  const [, diagram = ''] = /```mermaid\nstateDiagram-v2\n([\s\S]*?)```/.exec(page) ?? [];
  const drawn = [...diagram.matchAll(/^ {2}(\S+) --> (\S+): (.+)$/gm)].map(
    ([, from, to, sights]) => `${from} > ${to}: ${sights}`,
  );
  const known = healthStages.flatMap((from) =>
    healthStages.flatMap((to) => {
      const sights = healthSights.filter((sight) => healthLife[from][sight] === to);
      return from === to || sights.length === 0 ? [] : [`${from} > ${to}: ${sights.join(', ')}`];
    }),
  );
  expect(drawn.sort()).toEqual([...known, 'closed > quiet: an hour later'].sort());
});
