import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { percentile } from '../local/demonstration/percentile.ts';
import type { Platform } from '../local/platform/start-platform.ts';
import { withTemporaryPlatform } from '../local/platform/temporary-platform.ts';
import { buildApp, buildEmptyApp } from './bundles.ts';
import { figure, printFigures } from './print-figures.ts';

const repetitions = Number(process.argv[2] ?? 10);
const project = fileURLToPath(new URL('..', import.meta.url));

type App = { readonly name: string; readonly bundle: string; readonly path: string };
type Start = { readonly toListening: number; readonly toAnswer: number };

await withTemporaryPlatform({ rows: 100, signal: AbortSignal.timeout(600_000) }, async (platform, folder) => {
  const apps: readonly App[] = [
    {
      name: 'the app',
      bundle: await buildApp(folder),
      path: '/health',
    },
    { name: 'one empty function', bundle: await buildEmptyApp(folder), path: '/empty' },
  ];
  const starts = new Map<App, Start[]>(apps.map((app) => [app, []]));
  // In turn, so that both see the machine in the same states; the first round warms the disk's cache and does not count.
  for (let round = 0; round <= repetitions; round += 1)
    for (const app of apps) {
      const start = await startOnce(app, platform);
      if (round > 0) starts.get(app)?.push(start);
    }
  const median = (app: App, what: keyof Start) =>
    percentile(
      (starts.get(app) ?? []).map((start) => start[what]),
      0.5,
    );
  const [ours, empty] = apps as [App, App];
  const row = (name: string, what: keyof Start) => [
    name,
    figure(median(ours, what)),
    figure(median(empty, what)),
    figure(median(ours, what) / median(empty, what)),
  ];
  const megabytes = ({ bundle }: App) => statSync(bundle).size / 2 ** 20;
  printFigures(
    `Cold start in the local host, median of ${repetitions}, milliseconds`,
    ['', ours.name, empty.name, 'in proportion'],
    [
      row('process start to listening, all functions registered', 'toListening'),
      row('process start to first answer', 'toAnswer'),
      [
        'bundle, MB',
        figure(megabytes(ours)),
        figure(megabytes(empty)),
        figure(megabytes(ours) / megabytes(empty)),
      ],
    ],
  );
});
process.exit(0);

async function startOnce({ bundle, path }: App, { environment }: Platform): Promise<Start> {
  const args = [join(project, 'local/host/main.ts'), '--from', 'bundle', '--path', bundle];
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /^ready (\S+)$/.exec(line)?.[1];
      if (!url) continue;
      const toListening = performance.now() - startedAt;
      const response = await fetch(`${url}${path}`);
      await response.text();
      if (!response.ok) throw new Error(`Cannot measure ${bundle}: ${path} answered ${response.status}.`);
      return { toListening, toAnswer: performance.now() - startedAt };
    }
    throw new Error(`Cannot measure ${bundle}: the host ended before it was ready.`);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}
