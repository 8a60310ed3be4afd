/** A place for one page of a load in this process's memory; given back once, further calls do nothing. */
export type Slot = () => void;

/** Bounds the memory of all loads of this process together: a page of a wide table takes some hundred megabytes. */
export interface PageSlots {
  /** Waits for a place, in the order of asking. */
  take(): Promise<Slot>;
  /** A place if one is free and nobody waits. */
  tryTake(): Slot | undefined;
}

/** `count` places. Small deltas need none, so that no load holds them back. */
export function pageSlots(count: number): PageSlots {
  let free = count;
  const waiting: ((slot: Slot) => void)[] = [];
  function slot(): Slot {
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      const next = waiting.shift();
      if (next) next(slot());
      else free += 1;
    };
  }
  function tryTake(): Slot | undefined {
    if (free === 0) return undefined;
    free -= 1;
    return slot();
  }
  return {
    tryTake,
    take: async () => tryTake() ?? new Promise((resolve) => waiting.push(resolve)),
  };
}
