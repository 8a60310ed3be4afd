/** One table of a profile, as an exporter reports it. */
export interface ExportedTable {
  readonly name: string;
  readonly initialSyncState: string;
  readonly metadataState: string;
  readonly successCount: number;
  readonly failureCount: number;
  readonly lastExportAt: string | undefined;
}

/** One profile with its status, as an exporter reports it. */
export interface ExportedProfile {
  readonly id: string;
  readonly organizationId: string;
  readonly name: string;
  readonly state: 'inactive' | 'active' | 'error' | 'deleted';
  readonly retryPolicy: { readonly maxRetryCount: number; readonly intervalSeconds: number };
  readonly tables: readonly ExportedTable[];
}

/** An exporter with the DES REST API: the one in this app, or any other. The only door the automation has to it. */
export interface ExporterApi {
  /** Profiles of all configured organizations, with status. */
  profiles(): Promise<readonly ExportedProfile[]>;
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
