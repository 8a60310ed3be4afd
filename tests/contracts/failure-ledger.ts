import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Failure, FailureState } from '../../shared/model/failure.ts';
import { aFailure, anEntry, type FailuresUnderTest, folder } from './failures.ts';

const idsOf = (failures: readonly Failure[]) => failures.map(({ id }) => id).sort();

/** What every implementation of the ledger promises. */
export function failureLedgerContract(open: () => FailuresUnderTest): void {
  describe('the ledger', () => {
    it('takes each failure once, however often and by whomever it is given', async () => {
      const { ledger } = open();
      const profileId = randomUUID();
      const failures = Array.from({ length: 230 }, () => aFailure(profileId));
      const halves = await Promise.all([
        ledger.add(failures.slice(0, 150)),
        ledger.add(failures.slice(100)),
        ledger.add(failures.slice(50, 170)),
      ]);
      expect(idsOf(halves.flat())).toEqual(idsOf(failures));
      expect(await ledger.add(failures)).toEqual([]);
      const stored: Failure[] = [];
      for await (const failure of ledger.open(profileId)) stored.push(failure);
      expect(idsOf(stored)).toEqual(idsOf(failures));
      expect(stored).toContainEqual({ ...failures[7], reason: '' });
      expect(await ledger.get(profileId, failures[7]?.id ?? '')).toEqual(failures[7]);
    });

    it('keeps the life of a failure that is added again', async () => {
      const { ledger } = open();
      const failure = aFailure(randomUUID());
      await ledger.add([failure]);
      await ledger.update(failure.profileId, [failure.id], (each) => ({ ...each, state: 'waiting' }));
      expect(await ledger.add([failure])).toEqual([]);
      expect(await ledger.get(failure.profileId, failure.id)).toEqual({ ...failure, state: 'waiting' });
    });

    it('shows what is open, and all of one row', async () => {
      const { ledger } = open();
      const profileId = randomUUID();
      const recordId = randomUUID();
      const [one, two] = ['first', 'second'].map((reason) =>
        aFailure(profileId, anEntry({ recordId, reason })),
      ) as [Failure, Failure];
      const others = [anEntry(), anEntry({ recordId, entity: 'account2' }), anEntry({ recordId: undefined })];
      await ledger.add([one, two, ...others.map((entry) => aFailure(profileId, entry))]);
      for (const state of ['waiting', 'healed'] as const)
        await ledger.update(profileId, [one.id], (failure) => ({ ...failure, state }));
      expect(idsOf((await ledger.ofRows(profileId, 'account', [recordId])).get(recordId) ?? [])).toEqual(
        idsOf([one, two]),
      );
      const openIds: string[] = [];
      for await (const { id } of ledger.open(profileId)) openIds.push(id);
      expect(openIds).toHaveLength(4);
      expect(openIds).not.toContain(one.id);
      const ofTable: string[] = [];
      for await (const { id } of ledger.open(profileId, 'Account')) ofTable.push(id);
      expect(ofTable).toEqual(openIds.filter((id) => id.startsWith('account|')));
      expect(ofTable).toHaveLength(3);
    });

    it('shows what is open as it is now, also when it was closed and opened again', async () => {
      const { ledger } = open();
      const failure = aFailure(randomUUID());
      const { profileId, id } = failure;
      await ledger.add([failure]);
      const shown = async () => {
        const states: string[] = [];
        for await (const { state, note } of ledger.open(profileId)) states.push(`${state} ${note}`);
        return states;
      };
      const become = (state: FailureState, note = '') =>
        ledger.update(profileId, [id], (each) => ({ ...each, state, note }));
      await become('waiting', 'one');
      expect(await shown()).toEqual(['waiting one']);
      await become('waiting', 'two');
      expect(await shown()).toEqual(['waiting two']);
      await become('needs-attention');
      expect(await shown()).toEqual([]);
      await become('needs-attention', 'seen');
      await become('waiting', 'three');
      expect(await shown()).toEqual(['waiting three']);
      expect(await ledger.get(profileId, id)).toMatchObject({ state: 'waiting', reason: failure.reason });
      await become('ignored');
      expect(await shown()).toEqual([]);
      await become('waiting', 'four');
      expect(await shown()).toEqual(['waiting four']);
      await become('healed');
      expect(await ledger.add([failure])).toEqual([]);
      expect(await shown()).toEqual([]);
    });

    it('shows what needs attention, as long as it does', async () => {
      const { ledger } = open();
      const [failure, other] = [aFailure(randomUUID()), aFailure(randomUUID())];
      const { profileId, id } = failure;
      await ledger.add([failure, other]);
      const shown = async () => {
        const states: string[] = [];
        for await (const { state, note, reason } of ledger.givenUp(profileId))
          states.push(`${state} ${note}${reason}`);
        return states;
      };
      const become = (state: FailureState, note = '') =>
        ledger.update(profileId, [id], (each) => ({ ...each, state, note }));
      await become('waiting');
      expect(await shown()).toEqual([]);
      await become('needs-attention', 'one');
      await become('needs-attention', 'two');
      expect(await shown()).toEqual(['needs-attention two']);
      await become('waiting');
      expect(await shown()).toEqual([]);
      await become('needs-attention', 'three');
      expect(await shown()).toEqual(['needs-attention three']);
      await become('ignored');
      expect(await shown()).toEqual([]);
    });

    it('lists what fits, part by part in an order that stays, each once', async () => {
      const { ledger } = open();
      const profileId = randomUUID();
      const tables = ['account', 'account2', 'contact'];
      const made = Array.from({ length: 23 }, (_, index) =>
        aFailure(profileId, anEntry({ entity: tables[index % 3] ?? '' })),
      );
      await ledger.add([...made, aFailure(randomUUID())]);
      const [first] = made.toSorted((one, other) => (one.id < other.id ? -1 : 1)) as [Failure];
      await ledger.update(profileId, [first.id], (each) => ({ ...each, state: 'ignored', note: 'Seen.' }));
      const seen: Failure[] = [];
      let continuation: string | undefined;
      do {
        const part = await ledger.list(profileId, {}, 5, continuation);
        expect(part.items.length).toBeLessThanOrEqual(5);
        seen.push(...part.items);
        continuation = part.continuation;
        await ledger.update(profileId, [first.id], (each) => ({ ...each, note: `${each.note}.` }));
      } while (continuation !== undefined);
      expect(seen.map(({ id }) => id)).toEqual(idsOf(made));
      expect(seen[0]).toEqual({ ...first, state: 'ignored', note: 'Seen.' });
      const of = async (filter: Parameters<typeof ledger.list>[1]) =>
        idsOf((await ledger.list(profileId, filter, 1000)).items);
      const ofTable = made.filter(({ entity }) => entity === 'account');
      expect(await of({ table: 'Account' })).toEqual(idsOf(ofTable));
      expect(await of({ state: 'ignored' })).toEqual([first.id]);
      expect(await of({ state: 'waiting', cause: 'unknown' })).toHaveLength(22);
      expect(await of({ cause: 'permission' })).toEqual([]);
    });

    it('gives what is meant, whole and with the failures of one row together', async () => {
      const { ledger } = open();
      const profileId = randomUUID();
      const recordIds = [randomUUID(), randomUUID()].sort();
      const entries = recordIds.flatMap((recordId) =>
        ['one', 'two'].map((reason) => anEntry({ recordId, reason })),
      );
      const made = entries.map((entry) => aFailure(profileId, entry));
      const others = [anEntry({ entity: 'contact' }), anEntry({ recordId: undefined })];
      await ledger.add([...made, ...others.map((entry) => aFailure(profileId, entry))]);
      const [first] = made as [Failure];
      const changedAt = '2026-11-24T10:00:00.000Z';
      await ledger.update(profileId, [first.id], (each) => ({ ...each, state: 'retouching', changedAt }));
      const of = async (choice: Parameters<typeof ledger.choose>[1]) => {
        const found: Failure[] = [];
        for await (const failure of ledger.choose(profileId, choice)) found.push(failure);
        return found;
      };
      expect(await of({ failureIds: [first.id, 'account|none|0'] })).toEqual([
        { ...first, state: 'retouching', changedAt },
      ]);
      const ofRows = await of({ recordIds });
      expect(ofRows.map(({ recordId }) => recordId)).toEqual(recordIds.flatMap((id) => [id, id]));
      expect(await of({ table: 'account', recordIds })).toEqual(ofRows);
      expect(idsOf(await of({ table: 'account', state: 'waiting' }))).toHaveLength(4);
      const later = '2026-11-24T11:00:00.000Z';
      expect(await of({ state: 'retouching', openSince: later })).toHaveLength(1);
      expect(await of({ openSince: later })).toHaveLength(6);
      expect(idsOf(await of({ state: 'needs-attention', openSince: changedAt }))).toEqual([first.id]);
      await ledger.update(profileId, [first.id], (each) => ({ ...each, state: 'healed' }));
      expect(await of({ openSince: later })).toHaveLength(5);
      expect(await of({ table: 'account', openSince: changedAt })).toHaveLength(5);
      expect(await of({ state: 'healed', openSince: later })).toEqual([]);
      expect(await of({ state: 'healed' })).toHaveLength(1);
      expect(await of({})).toHaveLength(6);
    });

    it('loses no update of two writers, and writes nothing when told so', async () => {
      const { ledger } = open();
      const failure = aFailure(randomUUID());
      const { profileId, id } = failure;
      await ledger.add([failure]);
      const more = (each: Failure) => ({ ...each, attempts: each.attempts + 1 });
      await Promise.all(Array.from({ length: 8 }, () => ledger.update(profileId, [id], more)));
      expect(await ledger.update(profileId, [id], () => undefined)).toEqual([]);
      expect(await ledger.update(profileId, ['account|none|0'], more)).toEqual([]);
      expect(await ledger.get(profileId, id)).toEqual({ ...failure, attempts: 8 });
    });

    it('changes many at once, each once, whoever else changes some of them', async () => {
      const { ledger } = open();
      const profileId = randomUUID();
      const failures = Array.from({ length: 130 }, () => aFailure(profileId));
      const ids = failures.map(({ id }) => id);
      await ledger.add(failures);
      const takeUp = (note: string) => (each: Failure) =>
        each.state === 'waiting' ? { ...each, state: 'retouching' as const, note } : undefined;
      const [all, some] = await Promise.all([
        ledger.update(profileId, ids, takeUp('all')),
        ledger.update(
          profileId,
          [...ids.slice(40, 90), 'account|none|0', ...ids.slice(60, 70)],
          takeUp('some'),
        ),
      ]);
      expect(idsOf([...all, ...some])).toEqual(ids.toSorted());
      expect(new Set(all.map(({ note }) => note))).toEqual(new Set(['all']));
      const stored: Failure[] = [];
      for await (const failure of ledger.open(profileId)) stored.push(failure);
      const whole = [...all, ...some].map((failure) => ({ ...failure, reason: '' }));
      const byId = (one: Failure, other: Failure) => (one.id < other.id ? -1 : 1);
      expect(stored.toSorted(byId)).toEqual(whole.toSorted(byId));
      await ledger.update(profileId, ids, (each) => ({ ...each, state: 'healed' }));
      expect((await ledger.list(profileId, { state: 'healed' }, 1000)).items).toHaveLength(130);
      for await (const failure of ledger.open(profileId)) throw new Error(`${failure.id} is open`);
    });

    it('finds all failures of many rows, and of no others', async () => {
      const { ledger } = open();
      const profileId = randomUUID();
      const rows = Array.from({ length: 150 }, () => randomUUID());
      const made = rows.flatMap((recordId, index) =>
        Array.from({ length: 1 + (index % 3) }, (_, each) =>
          aFailure(profileId, anEntry({ recordId, reason: `${each}` })),
        ),
      );
      await ledger.add([...made, aFailure(profileId, anEntry({ recordId: rows[0], entity: 'account2' }))]);
      const wanted = [...rows.filter((_, index) => index % 2 === 0 || index > 100), randomUUID()];
      const found = await ledger.ofRows(profileId, 'account', [...wanted, ...wanted.slice(0, 3)]);
      expect([...found.keys()].sort()).toEqual(wanted.slice(0, -1).sort());
      for (const [recordId, failures] of found)
        expect(idsOf(failures)).toEqual(idsOf(made.filter((each) => each.recordId === recordId)));
      expect(await ledger.ofRows(profileId, 'account', [])).toEqual(new Map());
    });

    it('refuses a step that the life of a failure does not have', async () => {
      const { ledger } = open();
      const failure = aFailure(randomUUID());
      await ledger.add([failure]);
      const become = (state: FailureState) =>
        ledger.update(failure.profileId, [failure.id], (each) => ({ ...each, state }));
      await expect(become('gone')).rejects.toThrow(/from waiting to gone/);
      await become('healed');
      await expect(become('waiting')).rejects.toThrow(/from healed to waiting/);
    });

    it('remembers how far each blob was read', async () => {
      const { ledger } = open();
      const profileId = randomUUID();
      const blobName = `${folder}a?#/%20.log`;
      await ledger.setWatermarks(profileId, [{ blobName, offset: 5, etag: '"1"', head: '' }]);
      const mark = { blobName, offset: 3_000_000_000, etag: '"2"', head: '512-abc' };
      const others = Array.from({ length: 120 }, (_, index) => ({ ...mark, blobName: `data/${index}` }));
      await ledger.setWatermarks(profileId, [mark, ...others]);
      const all = await ledger.watermarks(profileId);
      expect(all.size).toBe(121);
      expect(all.get(blobName)).toEqual(mark);
      expect((await ledger.watermarks(randomUUID())).size).toBe(0);
      const names = others.map((each) => each.blobName);
      await ledger.forgetBlobs(profileId, names, () => true);
      expect((await ledger.watermarks(profileId)).size).toBe(21);
      await ledger.forgetBlobs(profileId, ['never there', ...names], () => false);
      expect([...(await ledger.watermarks(profileId)).values()]).toEqual([mark]);
    });

    it('remembers up to when the logs of a profile were read, apart from the blobs', async () => {
      const { ledger } = open();
      const profileId = randomUUID();
      expect(await ledger.readUpTo(profileId)).toBeUndefined();
      for (const at of ['2026-01-05T08:00:00.250Z', '2026-01-05T08:01:00.000Z', '2026-01-05T08:00:30.000Z']) {
        await ledger.setReadUpTo(profileId, at);
        expect(await ledger.readUpTo(profileId)).toBe(at);
      }
      expect(await ledger.readUpTo(randomUUID())).toBeUndefined();
      expect((await ledger.watermarks(profileId)).size).toBe(0);
    });

    it('keeps text that cannot be read, the same text once', async () => {
      const { ledger, quarantined } = open();
      const profileId = randomUUID();
      const text = { blobName: `${folder}00001.log`, offset: 10, text: 'what is 😀 this' };
      await ledger.quarantine(profileId, text);
      await ledger.quarantine(profileId, text);
      await ledger.quarantine(profileId, { ...text, text: 'other' });
      expect([...(await quarantined(profileId))].sort()).toEqual(['other', 'what is 😀 this']);
    });
  });
}
