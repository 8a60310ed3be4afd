/** Gives a place back; once, further calls do nothing. */
export type Release = () => void;

/** Places of which so many may be taken at the same time. */
export interface Places {
  /** Waits for a place, in the order of asking. */
  take(): Promise<Release>;
  /** A place if one is free and nobody waits. */
  tryTake(): Release | undefined;
}

/** `count` places in this process. */
export function places(count: number): Places {
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

/** Runs what it is given, `count` at a time, in the order of asking. */
export function atMost(count: number): <T>(act: () => Promise<T>) => Promise<T> {
  const { take, tryTake } = places(count);
  return async (act) => {
    const release = tryTake() ?? (await take());
    try {
      return await act();
    } finally {
      release();
    }
  };
}
