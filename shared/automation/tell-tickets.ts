import { correlationIdOf, findingIdOf } from '../model/ticket-subject.ts';
import type { Clock } from '../ports/clock.ts';
import type { HealthFindings } from '../ports/health-findings.ts';
import type { TicketRecords } from '../ports/ticket-records.ts';
import type { WorkQueues } from '../ports/work-queue.ts';

export interface TellTicketsPorts {
  readonly findings: Pick<HealthFindings, 'open'>;
  readonly records: Pick<TicketRecords, 'get' | 'unsettled'>;
  readonly queues: Pick<WorkQueues, 'tellTicket'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** Telling a ticket is tried for about as long; then it was given up, or its message was lost. */
const triedForSeconds = 86_400;

/**
 * Sends word of every finding whose ticket is not as the finding is: opened without a ticket or with a closed one, or over
 * while the ticket is open. What is being told is left alone for a day. To be called after each look: what a crash has left
 * out is made good by the next.
 */
export async function tellTickets({ findings, records, queues, clock }: TellTicketsPorts): Promise<void> {
  const tell = (id: string) => queues.tellTicket.send({ about: 'finding', id, attempt: 0 });
  const before = new Date(clock.now().getTime() - triedForSeconds * 1000).toISOString();
  const open = new Set((await findings.open()).map(({ id }) => id));
  for (const id of open) {
    const record = await records.get(correlationIdOf(id));
    if (record === undefined || record.state === 'closed') await tell(id);
  }
  for (const record of await records.unsettled()) {
    const { state, changedAt } = record;
    const id = findingIdOf(record);
    const isOver = state === 'open' && id !== undefined && !open.has(id);
    if (id !== undefined && (isOver || (state !== 'open' && changedAt < before))) await tell(id);
  }
}
