import type { Clock } from '../ports/clock.ts';
import type { Organizations } from '../ports/dataverse.ts';
import type { ExporterApi } from '../ports/exporter-api.ts';
import type { FailureBlobs } from '../ports/failure-blobs.ts';
import type { FailureLedger } from '../ports/failure-ledger.ts';
import type { Log } from '../ports/log.ts';
import type { StatusHistory } from '../ports/status-history.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { TouchFactsStore } from '../ports/touch-facts.ts';
import type { WorkQueues } from '../ports/work-queue.ts';

/** How long failed rows are waited for; from settings. */
export interface Patience {
  readonly retouchFirstDelaySeconds: number;
  readonly retouchMaxDelaySeconds: number;
  readonly retouchMaxAttempts: number;
  readonly verifyIntervalSeconds: number;
  readonly verifyTimeoutSeconds: number;
}

/** How failed rows are written again; from settings. */
export interface AutomationOptions extends Patience {
  /** In one organization, by all instances. */
  readonly retouchWritesPerMinute: number;
  readonly isRetouchQuiet: boolean;
  readonly isRetouchDryRun: boolean;
  /** Whether rows are exported again by the exporter, where it can, instead of being written in Dataverse. */
  readonly isResyncPreferred: boolean;
  /** How long the result of a self-test counts. */
  readonly selfTestDays: number;
}

/** What the automation asks of the world. It reaches an exporter through `exporter` and the link that this hands out. */
export interface AutomationPorts {
  readonly exporter: ExporterApi;
  readonly failureBlobs: FailureBlobs;
  readonly ledger: FailureLedger;
  readonly touchFacts: TouchFactsStore;
  readonly statusHistory: StatusHistory;
  readonly organizations: Pick<Organizations, 'dataverse'>;
  readonly queues: Pick<WorkQueues, 'retouchRow' | 'verifyRow'>;
  readonly telemetry: Telemetry;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly options: AutomationOptions;
  /** How long one run reads failure logs; from a setting. */
  readonly ingestSeconds: number;
}
