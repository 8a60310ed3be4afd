/** Gives a slot back; once, further calls do nothing. */
export type Release = () => void;

/** Slots of which so many may be taken at the same time. */
export interface Slots {
  /** Waits for a slot, in the order of asking. */
  take(): Promise<Release>;
  /** A slot if one is free and nobody waits. */
  tryTake(): Release | undefined;
}

/** `count` slots in this process. */
export function slots(count: number): Slots {
  let free = count;
  const waiting: ((release: Release) => void)[] = [];
  function taken(): Release {
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      const next = waiting.shift();
      if (next) next(taken());
      else free += 1;
    };
  }
  function tryTake(): Release | undefined {
    if (free === 0) return undefined;
    free -= 1;
    return taken();
  }
  return {
    tryTake,
    take: async () => tryTake() ?? new Promise((resolve) => waiting.push(resolve)),
  };
}

/** Runs `act` once at a time; who asks while it runs shares the next run, which begins when this one has ended. */
export function sharedRuns<T>(act: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  let following: Promise<T> | undefined;

  function start(): Promise<T> {
    running = act().finally(() => {
      running = undefined;
    });
    return running;
  }

  return () => {
    if (!running) return start();
    following ??= running
      .catch(() => undefined)
      .then(() => {
        following = undefined;
        return start();
      });
    return following;
  };
}

/** Runs what it is given, `count` at a time, in the order of asking. */
export function atMost(count: number): <T>(act: () => Promise<T>) => Promise<T> {
  const { take, tryTake } = slots(count);
  return async (act) => {
    const release = tryTake() ?? (await take());
    try {
      return await act();
    } finally {
      release();
    }
  };
}
