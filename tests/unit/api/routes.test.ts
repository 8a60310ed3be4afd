import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const project = new URL('../../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, project), 'utf8');
const triggers = readdirSync(new URL('functions/', project))
  .filter((name) => name.startsWith('http-'))
  .map((name) => read(`functions/${name}`));

test('the routes served are those that docs/compatibility.md says are served', () => {
  const served = triggers
    .map((text) => [
      /methods: \['(\w+)'\]/.exec(text)?.[1],
      /route: 'crm\/exporter\/([^']+)'/.exec(text)?.[1],
    ])
    .filter(([, route]) => route !== undefined)
    .map(([method, route]) => `${method} ${route}`);
  const rows = read('docs/compatibility.md').matchAll(/^\| (`.+`) \| 0\.\d+ \|/gm);
  const documented = [...rows].flatMap(([, routes = '']) =>
    [...routes.matchAll(/`(\w+ [^`?[]+)/g)].map(([, route]) => route),
  );
  expect(documented.sort()).toEqual(served.sort());
  expect(served.length).toBeGreaterThan(10);
});

test('function keys open nothing: every route is anonymous to the host and guarded by tokens', () => {
  for (const text of triggers) {
    expect(text).toContain("authLevel: 'anonymous'");
    if (!/http-(health|aad-challenge)'/.test(text)) expect(text).toContain('answer(request, service().door,');
  }
});
