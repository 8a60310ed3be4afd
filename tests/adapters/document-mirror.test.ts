import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { documentMirror } from '../../shared/adapters/storage/document-mirror.ts';
import type { DocumentTable } from '../../shared/adapters/storage/document-table.ts';

/** A table in memory, which tells what it is asked. */
function fakeTable() {
  const rows = new Map<string, { version: string; document: string | undefined }>();
  const asked: string[] = [];
  let mark = 0;
  let versions = 0;
  let held: Promise<void> | undefined;
  const put = (key: string, document: string | undefined) => {
    versions += 1;
    rows.set(key, { version: `${versions}`, document });
  };
  const sorted = () => [...rows].sort(([one], [other]) => (one < other ? -1 : 1));
  const documents = {
    async client() {
      asked.push('mark');
      const answer = { mark: `${mark}` };
      const release = held;
      return {
        async getEntity() {
          await release;
          return answer;
        },
      };
    },
    async versions() {
      asked.push('versions');
      return sorted().map(([rowKey, { version }]) => ({ rowKey, version }));
    },
    async *listWithVersions(filter: string) {
      const [, from = '', to = ''] = /ge '(.*)' and RowKey le '(.*)'/.exec(filter) ?? [];
      asked.push(from === to ? from : `${from} to ${to}`);
      for (const [rowKey, row] of sorted()) if (rowKey >= from && rowKey <= to) yield { rowKey, ...row };
    },
  } as unknown as DocumentTable<string>;
  return {
    mirror: documentMirror(documents, { partitionKey: 'p', first: 'id|', end: 'id}' }),
    /** What was asked since the last time. */
    asked: () => asked.splice(0),
    write(key: string, document = key) {
      put(key, document);
      mark += 1;
    },
    writeUnmarked: (key: string) => put(key, key),
    writeUnreadable(key: string) {
      put(key, undefined);
      mark += 1;
    },
    remove(key: string) {
      rows.delete(key);
      mark += 1;
    },
    /** Looks at the mark are answered, or fail, when what this returns is called. */
    hold(failure?: Error) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      held = promise;
      return () => {
        held = undefined;
        if (failure) reject(failure);
        else resolve();
      };
    },
  };
}

describe('documents that are mirrored', () => {
  it('cost one look at the mark while nothing was written', async () => {
    const table = fakeTable();
    table.write('a');
    expect(await table.mirror.all()).toEqual(['a']);
    table.asked();
    expect(await table.mirror.all()).toEqual(['a']);
    expect(table.asked()).toEqual(['mark']);
  });

  it('are read again only where they changed, neighbours together', async () => {
    const table = fakeTable();
    for (const key of ['a', 'b', 'c', 'd', 'e', 'g']) table.write(key);
    await table.mirror.all();
    expect(table.asked()).toEqual(['mark', 'versions', 'a to g']);
    for (const key of ['a', 'c', 'd']) table.write(key, key.toUpperCase());
    table.remove('g');
    table.write('f');
    expect(await table.mirror.all()).toEqual(['A', 'b', 'C', 'D', 'e', 'f']);
    expect(table.asked()).toEqual(['mark', 'versions', 'a', 'c to d', 'f']);
  });

  it('are read in portions of 200 when there are many', async () => {
    const table = fakeTable();
    const keys = Array.from({ length: 450 }, (_, index) => `k${100 + index}`);
    for (const key of keys) table.write(key);
    expect(await table.mirror.all()).toEqual(keys);
    expect(table.asked()).toEqual(['mark', 'versions', 'k100 to k299', 'k300 to k499', 'k500 to k549']);
  });

  it('that cannot be read are left out, and read again only when they change', async () => {
    const table = fakeTable();
    table.write('a');
    table.writeUnreadable('b');
    expect(await table.mirror.all()).toEqual(['a']);
    table.asked();
    table.write('c');
    expect(await table.mirror.all()).toEqual(['a', 'c']);
    expect(table.asked()).toEqual(['mark', 'versions', 'c']);
  });

  it('show every write that was done before they were asked for, also while others wait for an answer', async () => {
    const table = fakeTable();
    const release = table.hold();
    const early = table.mirror.all();
    table.write('a');
    const late = [table.mirror.all(), table.mirror.all()];
    release();
    await early;
    expect(await Promise.all(late)).toEqual([['a'], ['a']]);
    expect(table.asked().filter((each) => each === 'mark')).toHaveLength(2);
  });

  it('are asked for again after a look that failed, which only those are told who waited for it', async () => {
    const table = fakeTable();
    table.write('a');
    const release = table.hold(new Error('connection lost'));
    const [early, late] = [table.mirror.all(), table.mirror.all()];
    release();
    await expect(early).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(await late).toEqual(['a']);
  });

  it('show what somebody wrote without the mark after five minutes', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const table = fakeTable();
    table.write('a');
    await table.mirror.all();
    table.writeUnmarked('b');
    expect(await table.mirror.all()).toEqual(['a']);
    vi.setSystemTime(Date.now() + 5 * 60_000);
    expect(await table.mirror.all()).toEqual(['a', 'b']);
  });
});
