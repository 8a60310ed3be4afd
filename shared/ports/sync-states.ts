import type { SyncState } from '../model/sync-state.ts';

/** What is known of each table of each profile. */
export interface SyncStates {
  get(profileId: string, table: string): Promise<SyncState | undefined>;
  list(profileId: string): Promise<readonly SyncState[]>;
  /**
   * Applies the change to the stored state (undefined at first) until no other writer came between; a change that returns
   * what it was given, or undefined, writes nothing. Resolves to what is stored afterwards.
   */
  update(
    profileId: string,
    table: string,
    change: (state: SyncState | undefined) => SyncState | undefined,
  ): Promise<SyncState | undefined>;
  remove(profileId: string): Promise<void>;
}
