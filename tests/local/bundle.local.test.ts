import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { addressesFor, defaultPortBase } from '../../local/platform/addresses.ts';
import { appEnvironment } from '../../local/platform/app-environment.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));

// Settings that are wrong stop the app when it loads, as in Azure. Nothing of what they name is called here.
const env = appEnvironment(addressesFor(defaultPortBase), { caFile: '', telemetryFile: '' });

function run(...args: string[]): string {
  return execFileSync(process.execPath, args, { cwd: project, encoding: 'utf8', env });
}

type Listed = { name: string; bindings: { type: string }[] };
function list(...args: string[]): Listed[] {
  return JSON.parse(run('local/host/main.ts', '--list', ...args)) as Listed[];
}

beforeAll(() => {
  run('build.ts');
});

test('the bundle registers the same functions as the sources, with the same triggers and outputs', () => {
  const fromSources = list('--from', 'sources');
  expect(fromSources.length).toBeGreaterThan(0);
  expect(list('--from', 'bundle')).toEqual(fromSources);
});

test('each trigger file registers the one function that has its name', () => {
  const files = readdirSync(`${project}/functions`).map((file) => file.replace(/\.ts$/, ''));
  expect(list('--from', 'sources').map(({ name }) => name)).toEqual(files.sort());
});

test('the source map lies beside the bundle', () => {
  expect(existsSync(`${project}/dist/app.cjs.map`)).toBe(true);
});
