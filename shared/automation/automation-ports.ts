import type { Clock } from '../ports/clock.ts';
import type { Organizations } from '../ports/dataverse.ts';
import type { ExporterApi } from '../ports/exporter-api.ts';
import type { FailureBlobs } from '../ports/failure-blobs.ts';
import type { FailureLedger } from '../ports/failure-ledger.ts';
import type { Log } from '../ports/log.ts';
import type { StatusHistory } from '../ports/status-history.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { WorkQueues } from '../ports/work-queue.ts';

/** How patiently failed rows are written again; all from settings. */
export interface AutomationOptions {
  readonly retouchFirstDelaySeconds: number;
  readonly retouchMaxDelaySeconds: number;
  readonly retouchMaxAttempts: number;
  readonly verifyIntervalSeconds: number;
  readonly verifyTimeoutSeconds: number;
}

/** What the automation asks of the world. It reaches an exporter through `exporter` and the link that this hands out. */
export interface AutomationPorts {
  readonly exporter: ExporterApi;
  readonly failureBlobs: FailureBlobs;
  readonly ledger: FailureLedger;
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
