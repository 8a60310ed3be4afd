import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** What every client of the old service depends on; the tests of this folder name these rules by their numbers, from 1 on. */
const wireRules = [
  'success is 200 and no other 2xx',
  'errors have only the statuses that their route declares; none of metadata is 404, only PUT is 412',
  'the body of 400, 404, 412 and 500 is an object',
  'who is no administrator is told the words "failed authorization"',
  'names of members are in PascalCase, and read by their exact case',
  'collections are bare lists, without pages',
  'what test, validate and DELETE answer is one text in JSON, or nothing',
  'what the privacy terms answer is one boolean',
  'ConnectorUrl is a bare origin: three clients append to it in three ways',
  'names of routes and query parameters have no case',
  'values of the query come escaped, unescaped or as a form; an OrganizationUrl that is handed out ends with a slash',
  'the address for profiles answers metadata, too',
  'a POST without a body has any content type or none',
  'a GET may have a content type',
  'in a body, null is as good as absent, and unknown members are ignored',
  'enumerations come as names in any case, numbers, and numbers in text',
  'dates are ISO 8601',
];

test('each wire rule of the old service has a test that names it', () => {
  const folder = new URL('.', import.meta.url);
  const named = readdirSync(folder)
    .filter((name) => name.endsWith('.local.test.ts'))
    .flatMap((name) => [...readFileSync(new URL(name, folder), 'utf8').matchAll(/\btest\('rule (\d+): /g)])
    .map(([, number]) => Number(number));
  expect([...new Set(named)].sort((one, other) => one - other)).toEqual(
    wireRules.map((_, index) => index + 1),
  );
});
