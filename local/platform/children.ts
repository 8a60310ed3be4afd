import { type Exit, type Program, type ProgramOptions, startProgram } from './start-program.ts';

export type Death = { readonly name: string; readonly exit: Exit; readonly logFile: string | undefined };

export type Children = {
  /** Starts those given side by side; when one fails, the error is that one's. */
  start(programs: readonly ProgramOptions[]): Promise<void>;
  /** The first child that ended without being asked to. */
  readonly died: Promise<Death>;
  pid(name: string): number;
  kill(name: string, signal: NodeJS.Signals): void;
  /** Starts a child again, whether it still runs or not, and resolves when it is ready. */
  restart(name: string): Promise<void>;
  /** Stops those named, side by side, and kills what has not ended after `graceSeconds`. */
  stop(names: readonly string[], graceSeconds: number): Promise<void>;
  /** Kills all at once, without waiting. */
  killAll(): void;
};

/** Keeps the platform's programs together: each is started, watched, stopped and, in crash tests, started again. */
export function superviseChildren(): Children {
  const running = new Map<string, Program>();
  const specifications = new Map<string, ProgramOptions>();
  const wanted = new Set<string>();
  const aborting = new AbortController();
  const died = Promise.withResolvers<Death>();

  async function startOne(options: ProgramOptions): Promise<void> {
    specifications.set(options.name, options);
    const program = await startProgram({ ...options, signal: aborting.signal });
    running.set(options.name, program);
    wanted.add(options.name);
    program.exited.then((exit) => {
      if (running.get(options.name) === program) running.delete(options.name);
      if (wanted.has(options.name)) died.resolve({ name: options.name, exit, logFile: options.logFile });
    });
  }

  async function stopOne(name: string, graceSeconds: number): Promise<void> {
    wanted.delete(name);
    await running.get(name)?.stop(graceSeconds);
  }

  function find(name: string): Program {
    const program = running.get(name);
    if (program) return program;
    throw new Error(`Cannot find a running "${name}"; running are: ${[...running.keys()].join(', ')}.`);
  }

  return {
    died: died.promise,
    async start(programs) {
      const starts = await Promise.allSettled(programs.map(startOne));
      const failed = starts.find((start) => start.status === 'rejected');
      if (failed) throw failed.reason;
    },
    pid: (name) => find(name).pid,
    kill: (name, signal) => find(name).kill(signal),
    async restart(name) {
      const options = specifications.get(name);
      if (!options)
        throw new Error(`Cannot restart "${name}": known are ${[...specifications.keys()].join(', ')}.`);
      await stopOne(name, 8);
      await startOne(options);
    },
    async stop(names, graceSeconds) {
      await Promise.all(names.map((name) => stopOne(name, graceSeconds)));
    },
    killAll() {
      wanted.clear();
      aborting.abort();
      for (const program of running.values()) program.kill('SIGKILL');
    },
  };
}
