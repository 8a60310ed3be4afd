import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Failure, FailureState } from '../../shared/model/failure.ts';
import type { FailureLedger } from '../../shared/ports/failure-ledger.ts';
import type { FailureLog } from '../../shared/ports/failure-log.ts';
import type { HealthFindings } from '../../shared/ports/health-findings.ts';
import type { StatusHistory } from '../../shared/ports/status-history.ts';
import { aFailure, anEntry } from './failures.ts';
import { aFinding, someNotes } from './health-findings.ts';

export interface PurgedStores {
  readonly log: FailureLog;
  readonly ledger: FailureLedger;
  readonly history: StatusHistory;
  readonly findings: HealthFindings;
  filesOf(profileId: string): Promise<number>;
  quarantined(profileId: string): Promise<readonly string[]>;
}

const never = () => false;
const atOnce = () => true;
const hour = new Date('2026-11-23T09:59:59Z');
/** By the clock of storage, which need not be ours. */
const fromNow = (hours: number) => new Date(Date.now() + hours * 3_600_000);

/** What every store promises of its purge. Purges what others have written, too: to be run in a storage of its own. */
export function purgeContract(open: () => PurgedStores): void {
  it('takes failures that were healed or gone before, of all profiles, and none that is open', async () => {
    const { ledger } = open();
    const profiles = [randomUUID(), randomUUID()];
    const lives: readonly (readonly FailureState[])[] = [
      ['waiting', 'healed'],
      ['retouching', 'gone'],
      ['waiting', 'needs-attention'],
      ['waiting', 'retouching'],
      ['waiting'],
      [],
    ];
    const made: [failure: Failure, life: readonly FailureState[]][] = [];
    for (const profileId of profiles)
      for (const life of lives) {
        const failure = aFailure(profileId);
        await ledger.add([failure]);
        for (const state of life)
          await ledger.update(profileId, [failure.id], (each) => ({ ...each, state }));
        made.push([failure, life]);
      }
    expect(await ledger.purge(new Date('2026-11-23T10:00:00.000Z'), never)).toBe(0);
    expect(await ledger.purge(new Date('2026-11-23T10:00:00.001Z'), never)).toBe(4);
    for (const [{ profileId, id }, life] of made) {
      const isPurged = life.includes('healed') || life.includes('gone');
      expect(await ledger.get(profileId, id)).toEqual(isPurged ? undefined : expect.anything());
    }
    const states: FailureState[] = [];
    for (const profileId of profiles)
      for await (const { state } of ledger.open(profileId)) states.push(state);
    expect(states.sort()).toEqual(
      Array.from({ length: 6 }, (_, index) => (index < 2 ? 'retouching' : 'waiting')),
    );
    expect(await ledger.purge(fromNow(1), never)).toBe(0);
  });

  it('takes statuses that were seen before, of all profiles', async () => {
    const { history } = open();
    const profiles = [randomUUID(), randomUUID()];
    const times = ['2026-11-23T08:00:00.000Z', '2026-11-23T09:00:00.000Z', '2026-11-23T10:00:00.000Z'];
    for (const id of profiles)
      for (const seenAt of times)
        await history.add({
          ...{ id, organizationId: randomUUID(), name: 'Sales', state: 'active', seenAt, tables: [] },
          retryPolicy: { maxRetryCount: 1, intervalSeconds: 5 },
        });
    expect(await history.purge(new Date(times[1] ?? ''), never)).toBe(2);
    for (const id of profiles)
      expect((await history.latest(id, 9)).map(({ seenAt }) => seenAt)).toEqual([times[2], times[1]]);
  });

  it('takes findings that were closed and notes that were written before, and none that is open', async () => {
    const { findings } = open();
    const closedAt = '2026-11-23T08:00:00.000Z';
    const made = [aFinding(), aFinding({ state: 'closed', closedAt }), aFinding()];
    for (const finding of made) await findings.update(finding.id, () => finding);
    const [old, fresh] = [
      someNotes(randomUUID(), closedAt),
      someNotes(randomUUID(), '2026-11-23T09:00:00.000Z'),
    ];
    for (const notes of [old, fresh]) await findings.setNotes(notes);
    expect(await findings.purge(new Date(closedAt), never)).toBe(0);
    expect(await findings.purge(new Date('2026-11-23T08:00:00.001Z'), never)).toBe(2);
    const left = await Promise.all(made.map(({ id }) => findings.get(id)));
    expect(left).toEqual([made[0], undefined, made[2]]);
    expect(await findings.notes(old.profileId)).toBeUndefined();
    expect(await findings.notes(fresh.profileId)).toEqual(fresh);
  });

  it('takes files of failure logs and evidence that were last written before', async () => {
    const { log, ledger, filesOf, quarantined } = open();
    const profiles = [randomUUID(), randomUUID()];
    for (const profileId of profiles) {
      await log.append(profileId, 'failurelog', [anEntry()], hour);
      await log.append(profileId, 'unprocessablemessages', [anEntry()], hour);
      await ledger.quarantine(profileId, { blobName: 'failurelog/1.log', offset: 0, text: 'what' });
    }
    const all = async () =>
      await Promise.all(
        profiles.flatMap((id) => [filesOf(id), quarantined(id).then(({ length }) => length)]),
      );
    expect([await log.purge(fromNow(-1), never), await ledger.purgeQuarantine(fromNow(-1), never)]).toEqual([
      0, 0,
    ]);
    expect(await all()).toEqual([2, 1, 2, 1]);
    expect([await log.purge(fromNow(1), never), await ledger.purgeQuarantine(fromNow(1), never)]).toEqual([
      4, 2,
    ]);
    expect(await all()).toEqual([0, 0, 0, 0]);
    await log.append(profiles[0] ?? '', 'failurelog', [anEntry()], hour);
    expect(await all()).toEqual([1, 0, 0, 0]);
    await log.purge(fromNow(1), never);
  });

  it('ends when it is over, and goes on the next time', async () => {
    const { ledger } = open();
    const profileId = randomUUID();
    const failures = Array.from({ length: 150 }, () => aFailure(profileId));
    await ledger.add(failures);
    const ids = failures.map(({ id }) => id);
    for (const state of ['retouching', 'gone'] as const)
      await ledger.update(profileId, ids, (each) => ({ ...each, state }));
    const first = await ledger.purge(fromNow(1), atOnce);
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(150);
    expect(await ledger.purge(fromNow(1), never)).toBe(150 - first);
  });
}
