import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { checkPorts, findFreePortBase } from '../../local/platform/free-ports.ts';
import { clients, users } from '../../local/sign-ins.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const parent = mkdtempSync(join(tmpdir(), 'start-'));
// PostgreSQL may run as another account, which has to pass.
chmodSync(parent, 0o755);
const data = join(parent, 'data');
let portBase: number;

type Started = {
  pid: number;
  output(): string;
  exit: Promise<number | null>;
  interrupt(): void;
};
const started: ChildProcess[] = [];

function start(...flags: string[]): Started {
  const args = [
    'local/start.ts',
    '--port-base',
    `${portBase}`,
    '--data',
    data,
    '--rows',
    '300',
    '--no-demo',
    ...flags,
  ];
  const child = spawn(process.execPath, args, { cwd: project, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      output += text.toString();
    });
  }
  return {
    pid: child.pid as number,
    output: () => output,
    exit: new Promise((resolve) => child.once('close', resolve)),
    interrupt: () => child.kill('SIGINT'),
  };
}

async function startAndWait(): Promise<Started> {
  const platform = start();
  await vi.waitFor(() => expect(platform.output()).toContain('stop: Ctrl-C'), {
    timeout: 60_000,
    interval: 100,
  });
  return platform;
}

function processes(): { pid: number; ppid: number; args: string }[] {
  const lines = execFileSync('ps', ['-axo', 'pid=,ppid=,args='], { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => {
    const [pid, ppid, ...args] = line.trim().split(/\s+/);
    return { pid: Number(pid), ppid: Number(ppid), args: args.join(' ') };
  });
}

function partOf(platform: Started, part: string): number {
  const program = join('local', part === 'app' ? 'host' : part, 'main.ts');
  const found = processes().find(({ ppid, args }) => ppid === platform.pid && args.includes(program));
  if (!found) throw new Error(`Cannot find part ${part}`);
  return found.pid;
}

/** Whatever belongs to our block of ports or to our data: nothing else on the machine does. */
async function expectNothingLeft(): Promise<void> {
  const left = processes().filter(({ args }) => args.includes(parent));
  expect(left).toEqual([]);
  await checkPorts(portBase);
}

function token(...args: string[]): { status: number; stdout: string; stderr: string } {
  try {
    const stdout = execFileSync(process.execPath, ['local/token.ts', ...args], {
      cwd: project,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { status: 0, stdout, stderr: '' };
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
    return { status, stdout, stderr };
  }
}

beforeAll(async () => {
  portBase = await findFreePortBase();
});
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(parent, { recursive: true, force: true });
});

describe('before anything starts', () => {
  test('a port that is taken is named, with who wants it and the flag', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(portBase + 11, '127.0.0.1', resolve));
    const refused = start();
    expect(await refused.exit).toBe(1);
    expect(refused.output()).toContain(
      `Cannot start: a port is taken (port ${portBase + 11}, wanted by sign-in); free it, or move the whole block with --port-base N.`,
    );
    await new Promise((resolve) => other.close(resolve));
    await expectNothingLeft();
  });

  test('wrong flags are refused together, with the list of flags', async () => {
    const refused = start(
      '--row',
      '5',
      '--rows',
      'many',
      '--destination',
      'mysql://me:secret@x',
      '--fresh=no',
      'more',
    );
    expect(await refused.exit).toBe(1);
    for (const text of [
      '--row is unknown',
      '--rows must be',
      '--destination must be',
      '--fresh takes',
      '"more"',
      '--no-demo',
    ]) {
      expect(refused.output()).toContain(text);
    }
    expect(refused.output()).not.toContain('secret');
  });

  test('a folder that cannot be made is named', async () => {
    const refused = start('--data', '/dev/null/data');
    expect(await refused.exit).toBe(1);
    expect(refused.output()).toContain('Cannot start: folder "/dev/null/data" cannot be used (ENOTDIR)');
  });

  test('without a platform there is no token, but the reason', () => {
    expect(token('admin', '--port-base', `${portBase}`)).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('start the platform with "npm start"'),
    });
  });
});

test('a start prints addresses and sign-ins, gives tokens, and Ctrl-C ends everything within 10 seconds', async () => {
  const platform = await startAndWait();
  for (const offset of [1, 10, 11, 12, 14, 20, 21, 22])
    expect(platform.output()).toContain(`:${portBase + offset}`);
  for (const { name, password } of Object.values(users))
    expect(platform.output()).toMatch(new RegExp(`${name} +${password}`));
  for (const { clientId, secret } of Object.values(clients))
    expect(platform.output()).toMatch(new RegExp(`${clientId} +${secret}`));

  for (const name of [...Object.keys(users), ...Object.keys(clients)]) {
    const { stdout } = token(name, '--port-base', `${portBase}`);
    expect(decodeJwt(stdout.trim())).toHaveProperty('oid');
  }
  expect(token('nobody', '--port-base', `${portBase}`)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('admin, reader, outsider, ticketing, deploying'),
  });

  const stopped = Date.now();
  platform.interrupt();
  expect(await platform.exit).toBe(0);
  expect(Date.now() - stopped).toBeLessThan(10_000);
  await expectNothingLeft();
});

test('a second start on the same folder is refused while the first runs, and so is one on the same ports', async () => {
  const platform = await startAndWait();
  const sameFolder = start('--port-base', `${portBase + 1000}`);
  expect(await sameFolder.exit).toBe(1);
  expect(sameFolder.output()).toContain('is in use by another start');
  const samePorts = start('--data', join(parent, 'other'));
  expect(await samePorts.exit).toBe(1);
  expect(samePorts.output()).toContain('9 ports are taken');
  platform.interrupt();
  expect(await platform.exit).toBe(0);
});

// One after the other on the same folder, so each start also shows that the death before it was survived.
test.each(['app', 'dataverse', 'entra', 'keyvault', 'tickets', 'storage', 'database'])(
  '%s killed with -9 is reported, ends the whole with exit 1, and the next start goes on',
  async (part) => {
    const platform = await startAndWait();
    process.kill(partOf(platform, part), 'SIGKILL');
    expect(await platform.exit).toBe(1);
    expect(platform.output()).toContain(`Stopped everything: ${part} was killed (SIGKILL)`);
    await expectNothingLeft();
  },
);

test('PostgreSQL itself killed with -9 is reported as well', async () => {
  const platform = await startAndWait();
  const wrapper = partOf(platform, 'database');
  const server = processes().find(({ ppid, args }) => ppid === wrapper && args.includes('postgres'));
  process.kill(server?.pid as number, 'SIGKILL');
  expect(await platform.exit).toBe(1);
  expect(platform.output()).toContain('Stopped everything: database ended by itself');
  await expectNothingLeft();
});

test('when start itself is killed with -9 its parts end, and the next start goes on at once', async () => {
  const platform = await startAndWait();
  process.kill(platform.pid, 'SIGKILL');
  await platform.exit;
  const next = await startAndWait();
  next.interrupt();
  expect(await next.exit).toBe(0);
  await expectNothingLeft();
});

test('a part that does not react is killed in time, and a second Ctrl-C kills at once', async () => {
  const slow = await startAndWait();
  process.kill(partOf(slow, 'app'), 'SIGSTOP');
  const stopped = Date.now();
  slow.interrupt();
  expect(await slow.exit).toBe(0);
  expect(Date.now() - stopped).toBeLessThan(10_000);
  await expectNothingLeft();

  const impatient = await startAndWait();
  process.kill(partOf(impatient, 'app'), 'SIGSTOP');
  impatient.interrupt();
  impatient.interrupt(); // The echo of the first, as npm may send it.
  await vi.waitFor(() => expect(impatient.output()).toContain('Ctrl-C again kills'), 10_000);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(processes().some(({ pid }) => pid === impatient.pid)).toBe(true);
  const again = Date.now();
  impatient.interrupt();
  expect(await impatient.exit).toBe(130);
  expect(Date.now() - again).toBeLessThan(2000);
  await vi.waitFor(expectNothingLeft, { timeout: 3000 });
});

test('of two starts at the same moment on the same ports at most one runs, and it has all of them', async () => {
  const rivals = [start(), start('--data', join(parent, 'rival'))];
  const outcomes = await Promise.all(
    rivals.map(({ output, exit }) =>
      Promise.race([
        exit,
        vi.waitFor(() => expect(output()).toContain('stop: Ctrl-C'), 30_000).then(() => 'runs' as const),
      ]),
    ),
  );
  expect(outcomes).toContain(1);
  for (const [index, rival] of rivals.entries()) {
    if (outcomes[index] !== 'runs') continue;
    rival.interrupt();
    expect(await rival.exit).toBe(0);
  }
  await expectNothingLeft();
});

test('Ctrl-C while it starts ends what had started', async () => {
  const platform = start();
  await vi.waitFor(() => expect(processes().some(({ ppid }) => ppid === platform.pid)).toBe(true), 20_000);
  platform.interrupt();
  expect(await platform.exit).toBe(0);
  await expectNothingLeft();
});

test('--fresh forgets what the platform kept, and nothing else', async () => {
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, 'mine.txt'), 'mine');
  const before = readFileSync(join(data, 'keyvault/ca.pem'), 'utf8');
  const platform = start('--fresh');
  await vi.waitFor(() => expect(platform.output()).toContain('stop: Ctrl-C'), 60_000);
  expect(readFileSync(join(data, 'keyvault/ca.pem'), 'utf8')).not.toBe(before);
  expect(readFileSync(join(data, 'mine.txt'), 'utf8')).toBe('mine');
  platform.interrupt();
  await platform.exit;
});
