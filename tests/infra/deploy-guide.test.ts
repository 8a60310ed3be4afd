import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { settingsSchema } from '../../shared/settings-schema.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const guide = read('docs/deploy.md');
const template = read('infra/main.bicep');
const parameters = read('infra/main.parameters.json');

const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = '']) => found);
/** What `azd env set` can set: the variables of the parameters, and azd's own. */
const variables = new Set([...matches(parameters, /\$\{(\w+)/g), 'AZURE_RESOURCE_GROUP']);
const outputs = matches(template, /^output (\w+) /gm);

test('every value that the guide sets is one of the template', () => {
  const set = matches(guide, /azd env set (\w+)/g);
  expect(set).toContain('DATAVERSE_URLS');
  expect(set.filter((name) => !variables.has(name))).toEqual([]);
});

test('what azd asks for is told: the parameters without a preset', () => {
  const required = matches(template, /^param (\w+) \w+$/gm);
  const byAzd = ['environmentName'];
  const byScript = ['apiApplicationId'];
  const asked = required.filter((name) => ![...byAzd, ...byScript].includes(name));
  expect(asked).toEqual(['dataverseUrls', 'alertEmail']);
  for (const name of asked) expect(guide).toContain(`\`${name}\``);
  for (const name of required)
    expect(parameters, `a parameter without a place for its value: ${name}`).toContain(`"${name}"`);
});

test('every name in capitals is an output, a setting, or a variable of the guide', () => {
  const own = matches(guide, /\b([A-Z][A-Z_]+)=/g);
  const known = new Set([...outputs, ...variables, ...Object.keys(settingsSchema.shape), ...own]);
  const named = [
    ...matches(guide, /\$\{?([A-Z][A-Z_]{2,})/g),
    ...matches(guide, /<([A-Z][A-Z_]{2,})>/g),
    ...matches(guide, /`([A-Z]+(?:_[A-Z]+)+)`/g),
  ];
  expect(named.length).toBeGreaterThan(10);
  expect([...new Set(named)].filter((name) => !known.has(name))).toEqual([]);
});

test('every file and script that it names is there', () => {
  const files = matches(guide, /`((?:infra|tests|docs|shared)\/[\w./-]+)`/g);
  expect(files).toContain('infra/register-api.sh');
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Readonly<Record<string, string>> };
  expect(matches(guide, /npm run ([\w:-]+)/g).filter((name) => !(name in scripts))).toEqual([]);
  const flags = matches(guide, /`(--[a-z-]+)/g).map((flag) => flag.slice(2));
  const known = read('commands/compare-flags.ts');
  expect(flags.filter((flag) => !known.includes(`${flag}`))).toEqual([]);
});
