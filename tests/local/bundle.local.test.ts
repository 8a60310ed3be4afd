import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { addressesFor, defaultPortBase } from '../../local/platform/addresses.ts';
import { appEnvironment } from '../../local/platform/app-environment.ts';
import { packageFileNames } from '../../shared/adapters/swagger-ui/package-file-names.ts';

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
  const triggers = files.filter((name) => name !== 'app-setup').sort();
  expect(list('--from', 'sources').map(({ name }) => name)).toEqual(triggers);
});

test('the source map lies beside the bundle', () => {
  expect(existsSync(`${project}/dist/app.cjs.map`)).toBe(true);
});

/** The bundle alone in a folder, as it is deployed: no package lies near it. Only what needs no other system is called. */
async function withDeployedBundle(use: (url: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  const bundle = join(folder, 'app.cjs');
  copyFileSync(`${project}/dist/app.cjs`, bundle);
  const quiet = readdirSync(`${project}/functions`)
    .filter((file) => /^(queue|timer)-/.test(file))
    .map((file) => [`AzureWebJobs.${file.replace('.ts', '')}.Disabled`, 'true']);
  const args = ['local/host/main.ts', '--from', 'bundle', '--path', bundle];
  const host = spawn(process.execPath, args, {
    cwd: project,
    env: { ...env, ...Object.fromEntries(quiet) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(host, 'exit');
  try {
    for await (const line of createInterface({ input: host.stdout })) {
      const url = /^ready (\S+)$/.exec(line)?.[1];
      if (url === undefined) continue;
      return await use(url);
    }
    throw new Error('The host ended before it was ready.');
  } finally {
    host.kill();
    await ended;
    rmSync(folder, { recursive: true });
  }
}

test('the bundle holds the files of the swagger UI, as they are in the package', () =>
  withDeployedBundle(async (url) => {
    for (const name of packageFileNames) {
      const answer = await fetch(`${url}/swagger/ui/${name}`, { headers: { 'accept-encoding': 'br' } });
      expect([name, answer.status, answer.headers.get('content-encoding')]).toEqual([name, 200, 'br']);
      const served = Buffer.from(await answer.arrayBuffer());
      expect(served.equals(readFileSync(`${project}/node_modules/swagger-ui-dist/${name}`)), name).toBe(true);
    }
    expect((await fetch(`${url}/swagger/docs/2016-01-01`)).status).toBe(200);
  }));

test('the bundle takes its requests as streams', () =>
  withDeployedBundle(async (url) => {
    const { status, headers } = await fetch(`${url}/crm/exporter/aad/challenge`);
    expect([status, headers.has('x-ms-invocation-id')]).toEqual([401, true]);
  }));
