import type { StatusSnapshot } from '../model/status-snapshot.ts';

export type { StatusSnapshot } from '../model/status-snapshot.ts';

/** What `poll status` has seen, newest first. */
export interface StatusHistory {
  add(snapshot: StatusSnapshot): Promise<void>;
  latest(profileId: string, count: number): Promise<readonly StatusSnapshot[]>;
}
