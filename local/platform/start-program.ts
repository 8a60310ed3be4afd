import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type Program = {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  /** Resolves when the program has ended, for whatever reason, with nothing of its process group left. */
  readonly exited: Promise<Exit>;
  /** Signals the program and what it started. */
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL after `graceSeconds`. */
  stop(graceSeconds?: number): Promise<void>;
};

export type ProgramOptions = {
  readonly name: string;
  /** A main.ts; its arguments follow. */
  readonly file: string;
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly logFile?: string;
  /** Aborted when the start is no longer wanted. */
  readonly signal?: AbortSignal;
};

const endWithParent = fileURLToPath(new URL('./end-with-parent.ts', import.meta.url));
const keptLines = 20;

/**
 * Starts a program that prints `ready <url>`, and resolves then. Rejects with its last lines if it ends before.
 * It runs in a process group of its own, so that Ctrl-C reaches it through its parent only, in order.
 */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const { name, file, args = [], environment = process.env, logFile } = options;
  const child = spawn(process.execPath, ['--import', endWithParent, file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: environment as NodeJS.ProcessEnv,
    detached: true,
  });
  const lines = followOutput(child, logFile);
  const exited = new Promise<Exit>((resolve) => {
    child.once('error', () => resolve({ code: null, signal: null }));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  }).then((exit) => {
    // What a killed program had started must not outlive it.
    killGroup(child.pid, 'SIGKILL');
    return exit;
  });
  const kill = (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    if (signal === 'SIGKILL') killGroup(child.pid, signal);
    else child.kill(signal);
  };
  const stopUnwanted = () => kill('SIGKILL');
  options.signal?.addEventListener('abort', stopUnwanted);

  const url = await Promise.race([lines.ready, exited.then(() => undefined)]);
  options.signal?.removeEventListener('abort', stopUnwanted);
  if (url === undefined) {
    await lines.ended;
    const where = logFile ? ` (log: ${logFile})` : '';
    throw new Error(
      `Cannot start ${name}: it ended before it was ready${where}:\n${lines.last().join('\n')}`,
    );
  }
  return {
    name,
    url,
    pid: child.pid as number,
    exited,
    kill,
    async stop(graceSeconds = 8) {
      kill('SIGTERM');
      const timer = new AbortController();
      const late = sleep(graceSeconds * 1000, true, { signal: timer.signal }).catch(() => false);
      if (await Promise.race([exited.then(() => false), late])) kill('SIGKILL');
      timer.abort();
      await exited;
    },
  };
}

/** Writes both outputs to the log file and finds the `ready` line. */
function followOutput(child: ChildProcess, logFile: string | undefined) {
  const log = logFile ? openLog(logFile) : undefined;
  const last: string[] = [];
  const ready = Promise.withResolvers<string>();
  const outputs = [child.stdout, child.stderr].map(async (output) => {
    if (!output) return;
    for await (const line of createInterface({ input: output })) {
      const url = /^ready (\S+)$/.exec(line)?.[1];
      if (url) ready.resolve(url);
      log?.write(`${line}\n`);
      last.push(line);
      if (last.length > keptLines) last.shift();
    }
  });
  const ended = Promise.allSettled(outputs).then(() => log?.end());
  return { ready: ready.promise, ended, last: () => last };
}

function openLog(logFile: string) {
  mkdirSync(dirname(logFile), { recursive: true });
  return createWriteStream(logFile, { flags: 'a' });
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is empty: everything has ended.
  }
}
