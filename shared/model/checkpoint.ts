import type { SyncPhase } from './sync-state.ts';

/** Names the state that a writer believes the checkpoint to be in; a write with another state than the stored is refused. */
export interface Turn {
  readonly epoch: number;
  readonly sequence: number;
}

/**
 * How far one table is, stored in the destination beside its rows and moved in the same transaction.
 * A new activation or reload begins a new `epoch`; every page moves `sequence`.
 */
export interface Checkpoint extends Turn {
  readonly table: string;
  readonly profileId: string;
  readonly activation: number;
  readonly phase: SyncPhase;
  /** The page to read next in this phase; without it the phase has just begun. */
  readonly link?: string;
  /** From the identity pass: where the delta begins after the load. */
  readonly deltaLink?: string;
  /** When the current load began (ISO 8601): rows last written before it are swept. */
  readonly loadStartedAt?: string;
  /** True when the table may hold rows that the load will not see. */
  readonly needsSweep: boolean;
  /** Whether a person has asked for the load that is going on. */
  readonly isResync: boolean;
  readonly rowsExpected?: number;
  readonly rowsLoaded: number;
  /** Pages already applied in the current delta pass. */
  readonly pageInPass: number;
  /** Fingerprint of the columns that the rows were written with; absent before the first row. */
  readonly shape?: string;
  readonly successCount: number;
  readonly failureCount: number;
}

/** The members that a step sets; `undefined` clears a member. Counts and sequence move by what was written. */
export type CheckpointAdvance = {
  readonly [K in 'link' | 'deltaLink' | 'loadStartedAt' | 'rowsExpected' | 'shape']?:
    | Checkpoint[K]
    | undefined;
} & Partial<Pick<Checkpoint, 'phase' | 'needsSweep' | 'isResync' | 'rowsLoaded' | 'pageInPass'>>;
