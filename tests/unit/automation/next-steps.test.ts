import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { afterVainAttempt, become, retouchDelaySeconds } from '../../../shared/automation/failure-life.ts';
import { type FailureStep, type NextSteps, nextSteps } from '../../../shared/automation/next-steps.ts';
import { canBecome, type Failure, failureStates, isOpen } from '../../../shared/model/failure.ts';

const options = {
  retouchFirstDelaySeconds: 60,
  retouchMaxDelaySeconds: 600,
  retouchMaxAttempts: 3,
  verifyIntervalSeconds: 30,
  verifyTimeoutSeconds: 300,
};
const start = Date.parse('2026-01-05T08:00:00.000Z');
const at = (seconds: number) => new Date(start + seconds * 1000).toISOString();
const anyTime = fc.integer({ min: -20_000, max: 2000 }).map(at);

const anyFailure: fc.Arbitrary<Failure> = fc
  .record({
    entity: fc.constantFrom('account', 'contact'),
    recordId: fc.constantFrom(undefined, 'row-1', 'row-2', 'row-3', 'row-4'),
    notificationTime: fc.option(anyTime, { nil: undefined }),
    kind: fc.constantFrom(
      ...(['constraint', 'destination-full', 'source'] as const).map((cause) => ({
        cause,
        pattern: undefined,
      })),
      ...['One.', 'Other.'].map((pattern) => ({ cause: 'unknown' as const, pattern })),
    ),
    state: fc.constantFrom(...failureStates),
    attempts: fc.integer({ min: 0, max: 3 }),
    nextAttemptAt: anyTime,
    changedAt: anyTime,
    ingestedAt: anyTime,
  })
  .map(({ state, nextAttemptAt, kind, ...failure }) => ({
    ...failure,
    ...kind,
    fields: undefined,
    id: '',
    profileId: 'profile',
    organizationId: 'organization',
    changeType: 'Update',
    reason: '',
    history: [],
    state,
    nextAttemptAt: state === 'waiting' ? nextAttemptAt : undefined,
    retouchedAt: state === 'retouching' ? failure.changedAt : undefined,
    retouchedVersion: undefined,
    note: '',
  }));
const anyFailures = fc
  .array(anyFailure, { maxLength: 12, size: 'max' })
  .map((failures) => failures.map((failure, index) => ({ ...failure, id: `failure-${index}` })));

const stepsOf = ({ changes, retouches }: NextSteps): readonly FailureStep[] => [
  ...changes,
  ...retouches.flatMap(({ rows }) => rows.flatMap(({ steps }) => steps)),
];
const kindOf = ({ cause, pattern }: Failure) => `${cause} ${pattern}`;
const rowOf = ({ entity, recordId }: Failure) => `${entity} ${recordId}`;

describe('the next steps', () => {
  test('are legal, and at most one a failure', () => {
    fc.assert(
      fc.property(anyFailures, fc.option(anyTime, { nil: undefined }), (failures, exportedAt) => {
        const lastExportAt = new Map(exportedAt ? [['account', exportedAt]] : []);
        const steps = stepsOf(nextSteps(failures, new Date(start), options, { lastExportAt }));
        for (const { failure, become: change } of steps) {
          const to = change.state ?? failure.state;
          expect(to === failure.state || canBecome(failure.state, to)).toBe(true);
        }
        expect(new Set(steps.map(({ failure }) => failure.id)).size).toBe(steps.length);
      }),
      { numRuns: 500 },
    );
  });

  test('touch no row while another with its cause is in flight, and else one row a cause, when it is due', () => {
    fc.assert(
      fc.property(anyFailures, (failures) => {
        const { retouches } = nextSteps(failures, new Date(start), options);
        for (const { table, rows } of retouches) {
          expect(rows).toHaveLength(1);
          for (const { recordId, steps } of rows) {
            const ofRow = failures.filter(
              (failure) => failure.entity === table && failure.recordId === recordId && isOpen(failure.state),
            );
            // Touching the row once moves all its open failures.
            expect(steps.map(({ failure }) => failure.id).sort()).toEqual(ofRow.map(({ id }) => id).sort());
            for (const { nextAttemptAt } of ofRow) expect((nextAttemptAt ?? '') <= at(0)).toBe(true);
            const kinds = new Set(ofRow.map(kindOf));
            const inFlight = failures.filter(
              (failure) =>
                failure.recordId !== undefined &&
                failure.entity === table &&
                failure.state === 'retouching' &&
                kinds.has(kindOf(failure)),
            );
            if (kinds.size === 1) expect(inFlight).toEqual([]);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('after a healed probe touch only its group, and only rows that have not failed since', () => {
    fc.assert(
      fc.property(anyFailures, anyTime, fc.integer({ min: 1, max: 3 }), (failures, healedAt, attempts) => {
        const proof = { table: 'account', cause: 'unknown', pattern: 'One.', attempts, healedAt } as const;
        const { retouches } = nextSteps(failures, new Date(start), options, { proof });
        const touched = retouches.flatMap(({ rows }) => rows.flatMap(({ steps }) => steps));
        for (const { failure } of touched) {
          expect(failure.entity).toBe('account');
          expect(failure.changedAt <= healedAt).toBe(true);
        }
        for (const row of Map.groupBy(touched, ({ failure }) => rowOf(failure)).values())
          expect(row.some(({ failure }) => failure.pattern === 'One.')).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('bring every failure to an end, whatever becomes of the re-touches', () => {
    const anyOutcome = fc.constantFrom('healed', 'gone', 'in vain', 'nothing');
    fc.assert(
      fc.property(anyFailures, fc.infiniteStream(anyOutcome), (given, outcomes) => {
        let failures: readonly Failure[] = given;
        let now = new Date(start);
        for (let round = 0; failures.some(({ state }) => isOpen(state)); round++) {
          expect(round).toBeLessThan(2000);
          now = new Date(now.getTime() + 60_000);
          const steps = stepsOf(nextSteps(failures, now, options));
          const byId = new Map(steps.map((step) => [step.failure.id, step.become]));
          failures = failures.map((failure) => become(failure, byId.get(failure.id) ?? {}, now));
          failures = failures.map((failure) => {
            if (failure.state !== 'retouching') return failure;
            const outcome = outcomes.next().value;
            if (outcome === 'nothing') return failure;
            if (outcome !== 'in vain') return become(failure, { state: outcome }, now);
            return become(failure, afterVainAttempt(failure.attempts, now, options, 'In vain.'), now);
          });
        }
      }),
      { numRuns: 200 },
    );
  });
});

test('a failure of a whole table is not healed by an export within the second that its log tells', () => {
  const failure: Failure = {
    ...{
      id: 'one',
      profileId: 'profile',
      organizationId: 'organization',
      entity: 'Account',
      recordId: undefined,
    },
    ...{
      changeType: 'Update',
      reason: '',
      cause: 'source',
      pattern: undefined,
      fields: undefined,
      state: 'waiting',
      attempts: 0,
      note: '',
      history: [],
    },
    ...{ nextAttemptAt: at(0), retouchedAt: undefined, retouchedVersion: undefined },
    ...{ notificationTime: at(-60), ingestedAt: at(-30), changedAt: at(-30) },
  };
  const after = (lastExport: string) =>
    nextSteps([failure], new Date(start), options, { lastExportAt: new Map([['account', lastExport]]) });
  expect(after(at(-59.7))).toEqual({ changes: [], retouches: [] });
  expect(after(at(-58.9)).changes).toMatchObject([{ failure, become: { state: 'healed' } }]);
});

test('the delay before a re-touch doubles from the first up to the greatest', () => {
  const delays = [0, 1, 2, 3, 4, 100].map((attempts) => retouchDelaySeconds(attempts, options));
  expect(delays).toEqual([60, 120, 240, 480, 600, 600]);
  const eager = { ...options, retouchFirstDelaySeconds: 0 };
  expect([0, 1, 2].map((attempts) => retouchDelaySeconds(attempts, eager))).toEqual([0, 2, 4]);
});
