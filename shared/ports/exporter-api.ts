import type { ExportedProfile } from '../model/status-snapshot.ts';

export type { ExportedProfile, ExportedTable } from '../model/status-snapshot.ts';

/** An exporter with the DES REST API: the one in this app, or any other. The only door the automation has to it. */
export interface ExporterApi {
  /** Profiles of all configured organizations, with status. */
  profiles(): Promise<readonly ExportedProfile[]>;
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
}
