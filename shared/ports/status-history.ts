import type { ExportedProfile } from './exporter-api.ts';

/** A profile's status as it was seen at one time. */
export interface StatusSnapshot extends ExportedProfile {
  /** ISO 8601 in UTC. */
  readonly seenAt: string;
}

/** What `poll status` has seen, newest first. */
export interface StatusHistory {
  add(snapshot: StatusSnapshot): Promise<void>;
  latest(profileId: string, count: number): Promise<readonly StatusSnapshot[]>;
}
