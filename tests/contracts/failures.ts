import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Failure, FailureEntry } from '../../shared/model/failure.ts';
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
/** Of the hour in which `aFailure` was logged. */
export const folder = 'failurelog/2026/11/23/09/';

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
    state: 'waiting',
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

/** What every implementation of the failure log and its blobs promises. */
export function failureLogContract(open: () => FailuresUnderTest): void {
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
}
