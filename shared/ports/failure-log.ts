import type { FailureEntry } from '../model/failure.ts';

/** The profile's blob container with its five folders, written by the exporter and read by whoever has the link. */
export interface FailureLog {
  /** Appends one line an entry under `<folder>/yyyy/MM/dd/HH/` of the time given; a crash may append a line twice. */
  append(
    profileId: string,
    folder: 'failurelog' | 'forcerefreshfailurelog' | 'unprocessablemessages',
    entries: readonly FailureEntry[],
    at: Date,
  ): Promise<void>;
  /** A link that reads and lists the container for 24 hours; the container is made if missing. */
  link(profileId: string): Promise<string>;
  /** Deletes files of all profiles that were last written before this time, until `isOver`; how many. */
  purge(before: Date, isOver: () => boolean): Promise<number>;
  /** Deletes the container. */
  remove(profileId: string): Promise<void>;
}
