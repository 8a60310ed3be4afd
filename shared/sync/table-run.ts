import type { Checkpoint } from '../model/checkpoint.ts';
import type { Profile } from '../model/profile.ts';
import type { Dataverse } from '../ports/dataverse.ts';
import type { Destination } from '../ports/destination.ts';
import type { SyncPorts } from './sync-ports.ts';
import type { TableShape } from './table-shape.ts';

/** One work item at work on one table. `checkpoint` is what the destination holds after the last write. */
export interface TableRun {
  readonly profile: Profile;
  readonly table: string;
  readonly activation: number;
  readonly turn: number;
  /** Renewed when the organization's metadata moves. */
  shape: TableShape;
  /** The last renewal that was begun: each waits for the one before. */
  renewing?: Promise<void>;
  readonly dataverse: Dataverse;
  readonly destination: Destination;
  readonly ports: SyncPorts;
  /** No new page is begun after this time (milliseconds since 1970). */
  readonly endsAt: number;
  /** Nobody asks for this work any more: not even a page that was read already is written. */
  isVoid: boolean;
  readonly done: { pages: number; writtenRows: number; deletedRows: number; rejectedRows: number };
  checkpoint: Checkpoint;
  /** Where the load stood when this run took it up, and when: the rate is measured from there. */
  loading?: { readonly rowsLoaded: number; readonly since: Date };
}

/** Databases round times: two that are so far apart stay in their order. */
export const roundingMilliseconds = 10;

/** Whether no new page is to be begun: the work item has had its time, or is void. */
export function isOver(run: TableRun): boolean {
  return run.isVoid || run.ports.clock.now().getTime() >= run.endsAt;
}

/** The time of a read: never before the load it belongs to, so that clocks that differ cannot make a sweep delete its rows. */
export function readTime(run: Pick<TableRun, 'ports' | 'checkpoint'>): Date {
  const now = run.ports.clock.now();
  const { loadStartedAt } = run.checkpoint;
  return loadStartedAt !== undefined && new Date(loadStartedAt) > now ? new Date(loadStartedAt) : now;
}
