import type { FailureLog } from '../ports/failure-log.ts';
import type { HealthFindings } from '../ports/health-findings.ts';
import type { Operations } from '../ports/operations.ts';
import type { TicketDeliveries } from '../ports/ticket-deliveries.ts';
import type { TicketRecords } from '../ports/ticket-records.ts';
import type { AutomationPorts } from './automation-ports.ts';
import { eachWithoutStopping } from './each-without-stopping.ts';

/** How many days what is over is kept; all from settings. */
export interface Retention {
  readonly failureLogDays: number;
  readonly ledgerDays: number;
  readonly statusHistoryDays: number;
  readonly operationDays: number;
}

export interface PurgePorts
  extends Pick<AutomationPorts, 'ledger' | 'statusHistory' | 'telemetry' | 'clock' | 'log'> {
  readonly findings: Pick<HealthFindings, 'purge'>;
  readonly operations: Pick<Operations, 'purge'>;
  /** Of this app's own exporter. */
  readonly failureLog: Pick<FailureLog, 'purge'>;
  readonly ticketDeliveries: Pick<TicketDeliveries, 'purge'>;
  readonly ticketRecords: Pick<TicketRecords, 'purge'>;
  readonly retention: Retention;
  /** How long one run goes on; what is left is for the next. */
  readonly purgeSeconds: number;
}

const day = 86_400_000;
/** The same delivery comes again within hours. */
const deliveryDays = 7;

/**
 * Deletes what was kept long enough, and nothing of what is open. What cannot be deleted now does not stop the rest and is
 * deleted by a later run.
 */
export async function purge(ports: PurgePorts): Promise<void> {
  const {
    ledger,
    findings,
    operations,
    statusHistory,
    failureLog,
    ticketDeliveries,
    ticketRecords,
    telemetry,
    clock,
    log,
    retention,
  } = ports;
  const now = clock.now().getTime();
  const isOver = () => clock.now().getTime() >= now + ports.purgeSeconds * 1000;
  const daysAgo = (days: number) => new Date(now - days * day);
  const logsEnd = daysAgo(retention.failureLogDays);
  const kinds = {
    'failure-log': () => failureLog.purge(logsEnd, isOver),
    quarantine: () => ledger.purgeQuarantine(logsEnd, isOver),
    ledger: () => ledger.purge(daysAgo(retention.ledgerDays), isOver),
    'health-findings': () => findings.purge(daysAgo(retention.ledgerDays), isOver),
    'ticket-deliveries': () => ticketDeliveries.purge(daysAgo(deliveryDays), isOver),
    tickets: () => ticketRecords.purge(daysAgo(retention.ledgerDays), isOver),
    operations: () => operations.purge(daysAgo(retention.operationDays), isOver),
    'status-history': () => statusHistory.purge(daysAgo(retention.statusHistoryDays), isOver),
  };
  const doing = ([kind]: [string, unknown]) => `Purging of the ${kind}`;
  await eachWithoutStopping(Object.entries(kinds), doing, log, async ([kind, remove]) => {
    const records = await remove();
    if (records > 0) telemetry.event('automation.record.purged', { kind, records });
  });
}
