/** What a 429 says was too much: requests or execution time in the window, or requests at the same time. */
export type Limit = 'requests' | 'time' | 'concurrency';

export interface PaceOptions {
  /** Requests of one identity that are under way at the same time, at most; 1 or more. */
  readonly mostAtOnce: number;
  /** Percent of what the window allows that are used at full speed; requests that follow are spaced. */
  readonly sharePercent: number;
  /** The time over which Dataverse counts: 300 s, unless a test has another. */
  readonly windowSeconds?: number;
}

/** What an answer tells of the limits; each may be missing. */
export interface LimitNews {
  /** `x-ms-dop-hint`: requests at the same time that suit the organization. */
  readonly hint?: number | undefined;
  readonly requestsLeft?: number | undefined;
  readonly secondsLeft?: number | undefined;
}

/** A request under way. */
export interface Begun {
  readonly at: number;
  readonly order: number;
  /** Whether it took the last place. */
  readonly isLast: boolean;
}

export type IdentityPace = ReturnType<typeof identityPace>;

/** The least that is on record as a hint, until one is known. */
const firstLimit = 4;
/** More than twice what the organization calls best does not make it faster. */
const mostOfHint = 2;
/** Clean answers a place that one more place costs. */
const answersPerPlace = 5;
const presetPauseSeconds = 5;
const longestSpacing = 5000;

/**
 * How fast one identity may ask one organization; times in milliseconds, told by the caller. A 429 for requests or time
 * stops it as long as Dataverse asks. One for requests at the same time is over as soon as some have ended, so it stops
 * for 2 s, twice as long each time in a row, at most as long as Dataverse asks. Time and concurrency halve the places, once
 * for all requests that were under way; clean answers while all places are taken add one at a time. Where little is left
 * of the window's budget, requests are spaced, the more the less is left.
 */
export function identityPace({ mostAtOnce, sharePercent, windowSeconds = 300 }: PaceOptions) {
  let hint: number | undefined;
  let limit = Math.min(mostAtOnce, firstLimit);
  let underWay = 0;
  let begunCount = 0;
  /** Requests up to this one began before the last refusal: their answers say nothing of the pace since. */
  let oldOrder = 0;
  let refusalsInARow = 0;
  let cleanAnswers = 0;
  let stoppedUntil = 0;
  let spacedUntil = 0;
  let requestSeconds = 0;
  const requests = budget();
  const seconds = budget();

  /** A budget's size is not told: it is the most that was ever left of it. */
  function budget() {
    let size = 0;
    let left = 0;
    return {
      learn(now: number | undefined): void {
        if (now === undefined) return;
        left = now;
        size = Math.max(size, now);
      },
      usedShare: () => (size === 0 ? 0 : 1 - left / size),
      /** Until the next request that costs so much; what flows back in a window, less where less is left. */
      spacing(cost: number): number {
        const reserve = (size * (100 - sharePercent)) / 100;
        if (left >= reserve) return 0;
        const evenly = (windowSeconds * 1000 * cost) / size;
        return (evenly * (reserve - left)) / Math.max(left, reserve / 20);
      },
    };
  }

  function takeHint(told: number | undefined): void {
    if (told === undefined || told === hint) return;
    // The first hint is where to start; by a later one only the ceiling moves.
    if (hint === undefined && oldOrder === 0) limit = told;
    hint = told;
    limit = Math.min(limit, ceiling());
  }

  const ceiling = () => Math.min(mostAtOnce, mostOfHint * (hint ?? firstLimit));

  return {
    /** From when on a request may begin; infinite while all places are taken. Urgent ones are neither counted nor spaced, up to the most. */
    freeAt(isUrgent = false): number {
      if (underWay >= (isUrgent ? mostAtOnce : limit)) return Number.POSITIVE_INFINITY;
      return Math.max(stoppedUntil, isUrgent ? 0 : spacedUntil);
    },
    stoppedUntil: () => stoppedUntil,
    /** How busy it is, to compare identities. */
    load: () => underWay / limit + Math.max(requests.usedShare(), seconds.usedShare()),
    places: () => limit,

    begin(now: number): Begun {
      underWay++;
      begunCount++;
      const spacing = Math.max(requests.spacing(1), seconds.spacing(requestSeconds));
      spacedUntil = now + Math.min(spacing, longestSpacing);
      return { at: now, order: begunCount, isLast: underWay >= limit };
    },

    /** An answer that is no 429, whatever it says. */
    answered({ at, order, isLast }: Begun, now: number, news: LimitNews): void {
      underWay--;
      requestSeconds += ((now - at) / 1000 - requestSeconds) / (order === 1 ? 1 : 10);
      requests.learn(news.requestsLeft);
      seconds.learn(news.secondsLeft);
      takeHint(news.hint);
      if (order <= oldOrder) return;
      refusalsInARow = 0;
      if (isLast) cleanAnswers++;
      if (cleanAnswers < answersPerPlace * limit) return;
      cleanAnswers = 0;
      limit = Math.min(limit + 1, ceiling());
    },

    /** A 429. */
    refused({ order }: Begun, now: number, reason: Limit, retryAfterSeconds = presetPauseSeconds): void {
      const isNews = order > oldOrder;
      if (isNews) {
        refusalsInARow++;
        cleanAnswers = 0;
        oldOrder = begunCount;
        if (reason !== 'requests') limit = Math.max(1, Math.floor(Math.min(limit, underWay) / 2));
      }
      underWay--;
      const seconds = reason === 'concurrency' ? 2 ** Math.min(refusalsInARow, 10) : Number.POSITIVE_INFINITY;
      stoppedUntil = Math.max(stoppedUntil, now + 1000 * Math.min(seconds, retryAfterSeconds));
    },

    /** No answer. */
    failed(): void {
      underWay--;
    },
  };
}
