import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('each of the 17 wire rules of the old service has a test that names it', () => {
  const folder = new URL('.', import.meta.url);
  const named = readdirSync(folder)
    .filter((name) => name.endsWith('.local.test.ts'))
    .flatMap((name) => [...readFileSync(new URL(name, folder), 'utf8').matchAll(/\btest\('rule (\d+): /g)])
    .map(([, number]) => Number(number));
  expect([...new Set(named)].sort((one, other) => one - other)).toEqual(
    Array.from({ length: 17 }, (_, i) => i + 1),
  );
});
