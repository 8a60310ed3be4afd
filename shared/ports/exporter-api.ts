import type { ExportedProfile } from '../model/status-snapshot.ts';

export type { ExportedProfile, ExportedTable } from '../model/status-snapshot.ts';

/** What a profile's own test came to. */
export interface ProfileTest {
  readonly isPassed: boolean;
  /** What stands in the way, for people; of any length. */
  readonly report: string;
}

/** An exporter with the DES REST API: the one in this app, or any other. The only door the automation has to it. */
export interface ExporterApi {
  /** Profiles of all configured organizations, with status. */
  profiles(): Promise<readonly ExportedProfile[]>;
  /** One of them, deleted or not; it may be half a minute old. Undefined when there is none. */
  profile(profileId: string): Promise<ExportedProfile | undefined>;
  /** The id of the organization's profile with the name and the rest of this description, a document of `POST profiles`. */
  profileWith(organizationId: string, description: unknown): Promise<string | undefined>;
  /**
   * Makes a profile; its id. What is wrong with it, and a name that is taken, is refused with a code of status 400 that tells
   * all that the exporter has said.
   */
  createProfile(description: unknown): Promise<string>;
  /** Nothing happens to a profile that is active. `PROFILE_NOT_FOUND` without one; refused like `createProfile`. */
  activate(profileId: string): Promise<void>;
  /** The same for a profile that is not. */
  deactivate(profileId: string): Promise<void>;
  /** Whether rows of the table are exported now: the profile is there, is active, and names it. */
  exports(profileId: string, table: string): Promise<boolean>;
  /** A link to the profile's failure container. It is a secret. */
  failureLink(profileId: string): Promise<string>;
  /**
   * Row versions in the destination by id (decimal text; absent when there is no row), or undefined when this exporter
   * cannot tell: only our own can.
   */
  rowVersions(
    profileId: string,
    table: string,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, string> | undefined>;
  /** Whether this exporter has a `resync`. */
  canResync(profileId: string): Promise<boolean>;
  /**
   * Has these rows (at most 1,000 ids) exported again, as they are in Dataverse then. Only where `canResync` says so. False,
   * and nothing done, when the profile does not fill the table.
   */
  resync(profileId: string, table: string, ids: readonly string[]): Promise<boolean>;
  /**
   * Which of these rows the destination would take now, without a trace; undefined when this exporter cannot tell, or the
   * table is not exported now.
   */
  wouldTake(
    profileId: string,
    table: string,
    ids: readonly string[],
  ): Promise<ReadonlySet<string> | undefined>;
  /** Tries what the profile needs, without changing anything; undefined when this exporter has no test. */
  test(profileId: string): Promise<ProfileTest | undefined>;
  /**
   * When the profile's secret or the certificate of its database server ends, whichever is first (ISO 8601; `endsAt` is absent
   * when none does), or undefined when this exporter cannot tell.
   */
  secret(
    profileId: string,
  ): Promise<{ readonly endsAt?: string; readonly isCertificate?: boolean } | undefined>;
  /** Rows of the table in the destination, or undefined when this exporter cannot tell. */
  rowCount(profileId: string, table: string): Promise<number | undefined>;
}
