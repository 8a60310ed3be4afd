import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { narrator } from '../../local/demonstration/narrator.ts';
import { runDemonstration } from '../../local/demonstration/run-demonstration.ts';
import { openStage } from '../../local/demonstration/stage.ts';
import { findFreePortBase } from '../../local/platform/free-ports.ts';
import { type Platform, startPlatform } from '../../local/platform/start-platform.ts';
import { organizationId } from '../../local/sign-ins.ts';
import { leaksIn, leaksInDestination, leaksOnDisk } from './leak-scan.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const parent = mkdtempSync(join(tmpdir(), 'demo-test-'));
chmodSync(parent, 0o755);
const cleaning: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleaning.splice(0).reverse()) await clean();
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));

type Demo = { child: ChildProcess; output(): string; exit: Promise<number | null> };

function startDemo(...flags: string[]): Demo {
  const child = spawn(process.execPath, ['local/demo.ts', ...flags], {
    cwd: project,
    env: { ...process.env, TMPDIR: parent },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  cleaning.push(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => {
      output += text.toString();
    });
  return { child, output: () => output, exit: new Promise((resolve) => child.once('close', resolve)) };
}

/** Programs that were started by this process, as `pid arguments`. */
function childrenOf(pid: number | undefined): string[] {
  const lines = execFileSync('ps', ['-axo', 'ppid=,pid=,args='], { encoding: 'utf8' }).trim().split('\n');
  return lines.flatMap((line) => {
    const [parentPid, ...rest] = line.trim().split(/\s+/);
    return Number(parentPid) === pid ? [rest.join(' ')] : [];
  });
}

const isRunning = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('npm run demo', () => {
  test('ends by itself when the failed rows are healed, with a report, and leaves nothing behind', async () => {
    const demo = startDemo('--rows', '600');
    await vi.waitFor(() => expect(demo.output()).toContain('An organization'), { timeout: 120_000 });
    const pids = childrenOf(demo.child.pid).map((line) => Number.parseInt(line, 10));
    expect(pids).toHaveLength(7);
    expect(await demo.exit, demo.output()).toBe(0);
    expect(leaksIn('output', demo.output())).toEqual([]);
    const report = demo.output().slice(demo.output().indexOf('Report'));
    expect(report).toMatch(/initial sync +[\d,]+ rows per second/);
    expect(report).toMatch(/change to row +p50 [\d.]+ s, p95 [\d.]+ s \(20 changes\)/);
    expect(report).toMatch(/failures +5 found, 5 healed/);
    expect(report).toMatch(/cure to healed +[\d.]+ s/);
    expect(pids.filter(isRunning)).toEqual([]);
    expect(readdirSync(parent).filter((name) => name.startsWith('demonstration-'))).toEqual([]);
  }, 200_000);

  test('fails and names the part that died', async () => {
    const demo = startDemo('--rows', '600');
    await vi.waitFor(() => expect(demo.output()).toContain('The initial sync'), { timeout: 120_000 });
    const app = childrenOf(demo.child.pid).find((line) => line.includes('local/host/main.ts'));
    process.kill(Number.parseInt(app ?? '', 10), 'SIGKILL');
    expect(await demo.exit).toBe(1);
    expect(demo.output()).toMatch(/Cannot go on: app ended \(SIGKILL\)/);
    expect(readdirSync(parent).filter((name) => name.startsWith('demonstration-'))).toEqual([]);
  }, 100_000);

  test('refuses a number of rows that is none, before anything is started', async () => {
    const demo = startDemo('--rows', 'many');
    expect(await demo.exit).toBe(1);
    expect(demo.output()).toMatch(
      /^Cannot start: --rows must be a whole number from 100 to 1000000, received "many"\. The flags are:\n {2}--rows N/,
    );
  });
});

describe('the demonstration on a platform that is started again', () => {
  test('goes on with the same profile, and loads nothing a second time', async () => {
    const portBase = await findFreePortBase();
    const options = { portBase, data: join(parent, 'data'), rows: 600, from: 'sources' } as const;
    const first = await startPlatform(options);
    cleaning.push(() => first.killAll());
    await demonstrateUntil(first, 'Counted on both sides');
    const before = await whatIsThere(first);
    expect(before.rows.length).toBeGreaterThan(100);
    await first.stop();

    const second = await startPlatform(options);
    cleaning.push(() => second.killAll());
    const told = await demonstrateUntil(second, 'since this start');
    expect(told).toContain('Profile "Reporting" is here already');
    expect(told).toContain('No second initial sync');
    expect(told).not.toContain('The initial sync');
    const after = await whatIsThere(second);
    expect(after.profiles).toHaveLength(1);
    expect(after).toEqual(before);

    const inDestination = await leaksInDestination(options.data, second.addresses.database);
    await second.stop();
    expect([...inDestination, ...leaksOnDisk(options.data)]).toEqual([]);
  }, 150_000);
});

/** Runs the demonstration until it says this, then breaks it off; resolves to what it told. */
async function demonstrateUntil(platform: Platform, words: string): Promise<string> {
  const output = new PassThrough({ encoding: 'utf8' });
  const breaking = new AbortController();
  let told = '';
  output.on('data', (text: string) => {
    told += text;
    if (told.includes(words)) breaking.abort(new Error('Far enough.'));
  });
  const tell = narrator(output as unknown as NodeJS.WriteStream);
  await expect(
    runDemonstration(platform, { forever: false, signal: breaking.signal, narrator: tell }),
  ).rejects.toThrow();
  expect(told).toContain(words);
  return told;
}

/** Profiles with the times of their loads, and when each account was last written. */
async function whatIsThere(platform: Platform) {
  const stage = openStage(platform, narrator(), AbortSignal.timeout(60_000));
  const found = await stage.exporter.profiles(organizationId);
  await stage.database.close();
  const profiles = await Promise.all(found.map(({ Id }) => stage.exporter.profile(Id)));
  const loads = profiles.flatMap(({ Entities }) =>
    Entities.map(({ Type, InitialSyncDataCompletedTime }) => ({ Type, InitialSyncDataCompletedTime })),
  );
  const client = new Client({ connectionString: platform.addresses.database });
  await client.connect();
  const { rows } = await client.query(
    'SELECT "Id"::text AS id, "SinkModifiedOn"::text AS "writtenAt" FROM dbo.account ORDER BY "Id"',
  );
  await client.end();
  return { profiles: profiles.map(({ Id }) => Id), loads, rows };
}
