import type { Slots } from '../at-most.ts';
import type { Clock } from '../ports/clock.ts';
import type { Organizations } from '../ports/dataverse.ts';
import type { ProfileDestinations } from '../ports/destination.ts';
import type { FailureLog } from '../ports/failure-log.ts';
import type { Log } from '../ports/log.ts';
import type { ProfileStore } from '../ports/profile-store.ts';
import type { SyncStates } from '../ports/sync-states.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { WorkQueues } from '../ports/work-queue.ts';
import type { TableShapes } from './table-shape.ts';

/** What replication asks of the outside. */
export interface SyncPorts {
  readonly profiles: ProfileStore;
  readonly syncStates: SyncStates;
  readonly organizations: Organizations;
  readonly destinations: ProfileDestinations;
  readonly queues: Pick<WorkQueues, 'syncTable' | 'retryRow'>;
  readonly failureLog: FailureLog;
  readonly shapes: TableShapes;
  /** Bound the memory of all loads of this process together: a page of a wide table takes some hundred megabytes. */
  readonly pageSlots: Slots;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly log: Log;
  readonly options: SyncOptions;
}

export interface SyncOptions {
  /** A work item begins no new page after this time. */
  readonly workItemSeconds: number;
  /** Until a table that just changed is asked again, and the most until an idle one is. */
  readonly deltaIntervalSeconds: number;
  readonly deltaMaxIntervalSeconds: number;
  /** The least between two passes of a table that nudges ask for. */
  readonly nudgeGapSeconds: number;
  /** A turn this long overdue is sent again. A running load shows itself with every page. */
  readonly watchdogGraceSeconds: number;
  readonly comparison: ComparisonOptions;
}

/** How tables are compared with Dataverse. */
export interface ComparisonOptions {
  /** Rows of Dataverse that one turn compares, and a tenth as many of the destination; none are compared where it is 0. */
  readonly rows: number;
  /** From the beginning of one round over a table to that of the next. */
  readonly intervalSeconds: number;
  /** What differs is drift when it still does after so long. */
  readonly doubtSeconds: number;
}
