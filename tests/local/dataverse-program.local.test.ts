import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'dataverse-program-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(): Promise<{ program: ChildProcess; url: string }> {
  const program = spawn(
    process.execPath,
    ['local/dataverse/main.ts', '--port', '0', '--file', join(folder, 'd.db'), '--rows', '300'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: program.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  expect(line).toMatch(/^ready http:\/\/127\.0\.0\.1:\d+$/);
  return { program, url: line.slice('ready '.length) };
}

async function stop(program: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const ended = once(program, 'exit') as Promise<[number | null]>;
  program.kill(signal);
  return (await ended)[0];
}

const version = async (url: string) =>
  ((await (await fetch(`${url}/simulator`)).json()) as { version: number }).version;

test('the program says when it is ready, keeps what was committed through a kill, and ends cleanly when asked', async () => {
  const first = await start();
  await fetch(`${first.url}/simulator/workload`, { method: 'POST', body: '{"changesPerSecond":500}' });
  await new Promise((resolve) => setTimeout(resolve, 400));
  const before = await version(first.url);
  await stop(first.program, 'SIGKILL');
  const second = await start();
  expect(await version(second.url)).toBeGreaterThanOrEqual(before);
  expect(await stop(second.program, 'SIGTERM')).toBe(0);
});
