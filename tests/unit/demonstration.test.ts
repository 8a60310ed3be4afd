import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arrivalWatch } from '../../local/demonstration/arrival-watch.ts';
import { narrator } from '../../local/demonstration/narrator.ts';
import { percentile } from '../../local/demonstration/percentile.ts';
import { countOf, listOf } from '../../local/demonstration/phrases.ts';
import { runDemonstration } from '../../local/demonstration/run-demonstration.ts';
import type { Platform } from '../../local/platform/start-platform.ts';

function toldTo(columns: number) {
  const output = Object.assign(new PassThrough({ encoding: 'utf8' }), { columns });
  return { tell: narrator(output as unknown as NodeJS.WriteStream), text: () => String(output.read() ?? '') };
}

describe('the narrator', () => {
  test('loses no word and exceeds no line, whatever the width of the terminal', () => {
    const word = fc.stringMatching(/^[a-z]{1,12}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), fc.integer({ min: 40, max: 200 }), (words, columns) => {
        const { tell, text } = toldTo(columns);
        tell.say(words.join(' '));
        const lines = text().trimEnd().split('\n');
        expect(lines.every((line) => line.length <= Math.min(columns, 110))).toBe(true);
        expect(
          lines
            .map((line) => line.slice(11))
            .join(' ')
            .split(' '),
        ).toEqual(words);
      }),
    );
  });

  test('writes plain text to a pipe: no colours, no cursor movements', () => {
    const { tell, text } = toldTo(80);
    tell.act('One');
    tell.good('two');
    tell.status('three');
    tell.bad('four');
    const told = text();
    expect(told).not.toContain('\u001b');
    expect(told).toMatch(/1 {3}One\n.*✓ two\n.*three\n.*✗ four\n$/s);
  });
});

test('a percentile is one of the values, and as many as it says do not exceed it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true }), { minLength: 1 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, share) => {
        const found = percentile(values, share);
        expect(values).toContain(found);
        expect(values.filter((value) => value <= found).length).toBeGreaterThanOrEqual(share * values.length);
      },
    ),
  );
  expect(percentile([], 0.5)).toBeNaN();
});

test('numbers and lists read like a sentence', () => {
  expect([countOf(1, 'row'), countOf(2000, 'row')]).toEqual(['1 row', '2,000 rows']);
  expect([listOf(['a']), listOf(['a', 'b']), listOf(['a', 'b', 'c'])]).toEqual([
    'a',
    'a and b',
    'a, b and c',
  ]);
});

describe('the watch for arrivals', () => {
  test('sees a row in its version or a later one, and goes on with rows that are asked for afterwards', async () => {
    const versions = new Map([['one', 1n]]);
    const watch = arrivalWatch(
      { rowVersions: async () => versions },
      'account',
      new AbortController().signal,
    );
    let hasArrived = false;
    const second = watch.arrival({ id: 'one', version: 2n }).then(() => {
      hasArrived = true;
    });
    await watch.arrival({ id: 'one', version: 1n });
    expect(hasArrived).toBe(false);
    versions.set('one', 3n);
    await second;
    await watch.arrival({ id: 'one', version: 3n });
  });

  test('fails for everyone who waits when the database does', async () => {
    const rowVersions = () => Promise.reject(new Error('no database'));
    const watch = arrivalWatch({ rowVersions }, 'account', new AbortController().signal);
    const both = [watch.arrival({ id: 'one', version: 1n }), watch.arrival({ id: 'two', version: 1n })];
    for (const each of both) await expect(each).rejects.toThrow('no database');
  });
});

test('where another service exports, there is nothing to demonstrate, and it says so', async () => {
  const { tell, text } = toldTo(110);
  const platform = { environment: { EXPORTER_URL: 'https://exporter.example' } } as unknown as Platform;
  expect(await runDemonstration(platform, { forever: true, narrator: tell })).toBeUndefined();
  expect(text()).toContain('The exporter is another service');
});
