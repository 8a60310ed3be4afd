import type { HealthFinding } from '../model/health-finding.ts';
import type {
  HealthFindingFilter,
  HealthFindingPage,
  HealthFindingPlace,
} from '../model/health-finding-page.ts';
import type { HealthNotes } from '../model/health-notes.ts';

/** What is, or was, wrong with the profiles, and what the looks at them remember. */
export interface HealthFindings {
  /** Of all profiles. */
  open(): Promise<readonly HealthFinding[]>;
  /** Newest first, at most `limit`; `REQUEST_INVALID` when the continuation is none. */
  list(filter: HealthFindingFilter, place: HealthFindingPlace): Promise<HealthFindingPage>;
  get(findingId: string): Promise<HealthFinding | undefined>;
  /**
   * Applies the change to the stored finding (undefined at first) until no other writer came between; undefined, or what it
   * was given, writes nothing. Resolves to what is stored afterwards.
   */
  update(
    findingId: string,
    change: (finding: HealthFinding | undefined) => HealthFinding | undefined,
  ): Promise<HealthFinding | undefined>;
  /** Deletes findings that were closed, and notes of profiles that were last seen, before this time; how many. */
  purge(before: Date, isOver: () => boolean): Promise<number>;
  notes(profileId: string): Promise<HealthNotes | undefined>;
  setNotes(notes: HealthNotes): Promise<void>;
}
