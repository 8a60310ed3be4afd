import type { StatusSnapshot } from '../model/status-snapshot.ts';

export type { StatusSnapshot } from '../model/status-snapshot.ts';

/** What `poll status` has seen, newest first. */
export interface StatusHistory {
  add(snapshot: StatusSnapshot): Promise<void>;
  /** Deletes what was seen before this time, of all profiles, until `isOver`; how many. */
  purge(before: Date, isOver: () => boolean): Promise<number>;
  latest(profileId: string, count: number): Promise<readonly StatusSnapshot[]>;
}
