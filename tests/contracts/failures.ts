import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Failure, FailureEntry, FailureState } from '../../shared/model/failure.ts';
import { failureId } from '../../shared/model/failure-id.ts';
import { writeFailureLine } from '../../shared/model/failure-line.ts';
import type { FailureBlob, FailureBlobs } from '../../shared/ports/failure-blobs.ts';
import type { FailureLedger } from '../../shared/ports/failure-ledger.ts';
import type { FailureLog } from '../../shared/ports/failure-log.ts';

/** The ports under test, and the texts in quarantine for a profile. */
export interface FailuresUnderTest {
  readonly log: FailureLog;
  readonly blobs: FailureBlobs;
  readonly ledger: FailureLedger;
  quarantined(profileId: string): Promise<readonly string[]>;
}

const hour = new Date('2026-11-23T09:59:59Z');
const folder = 'failurelog/2026/11/23/09/';

/** An entry of a row of its own. */
export function anEntry(change: Partial<FailureEntry> = {}): FailureEntry {
  return {
    entity: 'account',
    recordId: randomUUID(),
    notificationTime: '2026-11-23T09:59:58.000Z',
    changeType: 'Update',
    reason: 'The database is full, "sorry": 😀',
    ...change,
  };
}

/** A failure as it is just after it was read. */
export function aFailure(profileId: string, entry = anEntry()): Failure {
  return {
    ...entry,
    id: failureId(entry, folder),
    profileId,
    organizationId: randomUUID(),
    cause: 'unknown',
    pattern: 'The database is full, "...": 😀',
    fields: { column: 'name', length: 160 },
    state: 'new',
    attempts: 0,
    nextAttemptAt: undefined,
    retouchedAt: undefined,
    retouchedVersion: undefined,
    ingestedAt: '2026-11-23T10:00:00.000Z',
    changedAt: '2026-11-23T10:00:00.000Z',
    note: '',
    history: [],
  };
}

const idsOf = (failures: readonly Failure[]) => failures.map(({ id }) => id).sort();

/** What every implementation of the failure log, its blobs and the ledger promises. */
export function failuresContract(open: () => FailuresUnderTest): void {
  async function listed({ blobs }: FailuresUnderTest, link: string, prefix: string): Promise<FailureBlob[]> {
    const found: FailureBlob[] = [];
    for await (const blob of blobs.list(link)) if (blob.name.startsWith(prefix)) found.push(blob);
    return found;
  }
  async function textOf({ blobs }: FailuresUnderTest, link: string, blob: FailureBlob, offset = 0) {
    const pieces: Uint8Array[] = [];
    const bytes = await blobs.read(link, blob.name, offset, blob.length);
    for await (const piece of bytes ?? []) pieces.push(piece);
    return Buffer.concat(pieces).toString();
  }

  describe('the failure log', () => {
    it('has a line an entry in a folder of the hour, in UTC', async () => {
      const ports = open();
      const profileId = randomUUID();
      const entries = [anEntry(), anEntry({ recordId: undefined, notificationTime: undefined })];
      await ports.log.append(profileId, 'failurelog', entries, hour);
      const link = await ports.log.link(profileId);
      const blobs = await listed(ports, link, 'failurelog/');
      expect(blobs).toHaveLength(1);
      const [blob] = blobs as [FailureBlob];
      expect(blob.name.startsWith(folder)).toBe(true);
      const text = entries.map(writeFailureLine).join('');
      expect(await textOf(ports, link, blob)).toBe(text);
      expect(blob.length).toBe(Buffer.byteLength(text));
    });

    it('is read on from where it grew, to where it was when listed', async () => {
      const ports = open();
      const profileId = randomUUID();
      const link = await ports.log.link(profileId);
      expect(await listed(ports, link, 'failurelog/')).toEqual([]);
      const [one, two, three] = [anEntry(), anEntry(), anEntry()];
      await ports.log.append(profileId, 'failurelog', [one], hour);
      const [before] = (await listed(ports, link, 'failurelog/')) as [FailureBlob];
      await ports.log.append(profileId, 'failurelog', [two], hour);
      const [after] = (await listed(ports, link, 'failurelog/')) as [FailureBlob];
      await ports.log.append(profileId, 'failurelog', [three], hour);
      expect(after.etag).not.toBe(before.etag);
      expect(await textOf(ports, link, before)).toBe(writeFailureLine(one));
      expect(await textOf(ports, link, after, before.length)).toBe(writeFailureLine(two));
      expect(await textOf(ports, link, after, after.length)).toBe('');
    });

    it('keeps folders and hours apart, in the order of their names', async () => {
      const ports = open();
      const profileId = randomUUID();
      const later = new Date('2026-11-23T10:00:00Z');
      await ports.log.append(profileId, 'failurelog', [anEntry()], later);
      await ports.log.append(profileId, 'unprocessablemessages', [anEntry()], hour);
      await ports.log.append(profileId, 'failurelog', [anEntry()], hour);
      const link = await ports.log.link(profileId);
      const hours = (await listed(ports, link, 'failurelog/')).map(({ name }) => name.slice(0, 24));
      expect(hours).toEqual(['failurelog/2026/11/23/09', 'failurelog/2026/11/23/10']);
      expect(await listed(ports, link, '')).toHaveLength(3);
    });

    it('is read from byte to byte, and no more than there is', async () => {
      const ports = open();
      const profileId = randomUUID();
      await ports.log.append(profileId, 'failurelog', [anEntry({ reason: 'plain' })], hour);
      const link = await ports.log.link(profileId);
      const [blob] = (await listed(ports, link, '')) as [FailureBlob];
      const text = await textOf(ports, link, blob);
      const { name, length } = blob;
      expect(await textOf(ports, link, { ...blob, length: 9 }, 2)).toBe(text.slice(2, 9));
      expect(await textOf(ports, link, { ...blob, length: length + 50 }, length - 2)).toBe(text.slice(-2));
      expect(await ports.blobs.read(link, name, length, length + 50)).toBeUndefined();
      expect(await ports.blobs.read(link, `${name}.gone`, 0, 9)).toBeUndefined();
      await ports.log.append(profileId, 'failurelog', [anEntry()], hour);
      const [grown] = (await listed(ports, link, '')) as [FailureBlob];
      expect(grown.etag).not.toBe(blob.etag);
    });

    it('has links to one profile only, and not to strange places', async () => {
      const ports = open();
      const [one, other] = [randomUUID(), randomUUID()];
      const link = await ports.log.link(one);
      await ports.log.link(other);
      await expect(listed(ports, 'https://elsewhere.invalid/c?sig=x', '')).rejects.toMatchObject({
        code: 'EXPORTER_ANSWER_UNREADABLE',
      });
      await ports.log.append(one, 'failurelog', [anEntry()], hour);
      await ports.log.remove(one);
      await expect(listed(ports, link, '')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    });
  });

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
      await ledger.update(failure.profileId, failure.id, (each) => ({ ...each, state: 'waiting' }));
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
        await ledger.update(profileId, one.id, (failure) => ({ ...failure, state }));
      expect(idsOf(await ledger.ofRow(profileId, 'account', recordId))).toEqual(idsOf([one, two]));
      const openIds: string[] = [];
      for await (const { id } of ledger.open(profileId)) openIds.push(id);
      expect(openIds).toHaveLength(4);
      expect(openIds).not.toContain(one.id);
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
        ledger.update(profileId, id, (each) => ({ ...each, state, note }));
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
        ledger.update(profileId, id, (each) => ({ ...each, state, note }));
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
      await ledger.update(profileId, first.id, (each) => ({ ...each, state: 'waiting', note: 'Seen.' }));
      const seen: Failure[] = [];
      let continuation: string | undefined;
      do {
        const part = await ledger.list(profileId, {}, 5, continuation);
        expect(part.items.length).toBeLessThanOrEqual(5);
        seen.push(...part.items);
        continuation = part.continuation;
        await ledger.update(profileId, first.id, (each) => ({ ...each, note: `${each.note}.` }));
      } while (continuation !== undefined);
      expect(seen.map(({ id }) => id)).toEqual(idsOf(made));
      expect(seen[0]).toEqual({ ...first, state: 'waiting', note: 'Seen.' });
      const of = async (filter: Parameters<typeof ledger.list>[1]) =>
        idsOf((await ledger.list(profileId, filter, 1000)).items);
      const ofTable = made.filter(({ entity }) => entity === 'account');
      expect(await of({ table: 'Account' })).toEqual(idsOf(ofTable));
      expect(await of({ state: 'waiting' })).toEqual([first.id]);
      expect(await of({ state: 'new', cause: 'unknown' })).toHaveLength(22);
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
      await ledger.update(profileId, first.id, (each) => ({ ...each, state: 'waiting', changedAt }));
      const of = async (choice: Parameters<typeof ledger.choose>[1]) => {
        const found: Failure[] = [];
        for await (const failure of ledger.choose(profileId, choice)) found.push(failure);
        return found;
      };
      expect(await of({ failureIds: [first.id, 'account|none|0'] })).toEqual([
        { ...first, state: 'waiting', changedAt },
      ]);
      const ofRows = await of({ recordIds });
      expect(ofRows.map(({ recordId }) => recordId)).toEqual(recordIds.flatMap((id) => [id, id]));
      expect(await of({ table: 'account', recordIds })).toEqual(ofRows);
      expect(idsOf(await of({ table: 'account', state: 'new' }))).toHaveLength(4);
      const later = '2026-11-24T11:00:00.000Z';
      expect(await of({ state: 'waiting', openSince: later })).toHaveLength(1);
      expect(await of({ openSince: later })).toHaveLength(6);
      expect(idsOf(await of({ state: 'needs-attention', openSince: changedAt }))).toEqual([first.id]);
      await ledger.update(profileId, first.id, (each) => ({ ...each, state: 'healed' }));
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
      await Promise.all(Array.from({ length: 8 }, () => ledger.update(profileId, id, more)));
      expect(await ledger.update(profileId, id, () => undefined)).toEqual({ ...failure, attempts: 8 });
      expect(await ledger.update(profileId, 'account|none|0', more)).toBeUndefined();
    });

    it('refuses a step that the life of a failure does not have', async () => {
      const { ledger } = open();
      const failure = aFailure(randomUUID());
      await ledger.add([failure]);
      const become = (state: FailureState) =>
        ledger.update(failure.profileId, failure.id, (each) => ({ ...each, state }));
      await expect(become('healed')).rejects.toThrow(/from new to healed/);
      await become('waiting');
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
      await ledger.forgetBlobs(profileId, ['never there', ...others.map((each) => each.blobName)]);
      expect([...(await ledger.watermarks(profileId)).values()]).toEqual([mark]);
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
