import { createHash } from 'node:crypto';
import { isGuid } from '../model/guid.ts';
import {
  type TellableFinding,
  type Ticket,
  type TicketRecord,
  type TicketState,
  ticketCanBecome,
} from '../model/ticket.ts';
import { correlationIdOf, selectionOf } from '../model/ticket-subject.ts';
import type { TellTicketItem } from '../model/work-item.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { TicketRecords } from '../ports/ticket-records.ts';
import type { TicketSystem } from '../ports/ticket-system.ts';
import { closingText, reopeningText, ticketOf } from './ticket-texts.ts';

export interface FindingTicketPorts {
  readonly system: TicketSystem;
  readonly findings: { get(findingId: string): Promise<TellableFinding | undefined> };
  readonly records: TicketRecords;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

/**
 * Longer than all calls of one try take, and than a system needs to find a new ticket by its correlation id: until then
 * nobody else opens one.
 */
export const settleSeconds = 120;

/** What was done, in a word; or when to look again, because another worker may be opening the ticket. */
export type ToldFinding =
  | 'none'
  | 'unchanged'
  | 'opened'
  | 'updated'
  | 'reopened'
  | 'closed'
  | { readonly againInSeconds: number };

const digestOf = (ticket: Ticket) => createHash('sha256').update(JSON.stringify(ticket)).digest('hex');

/**
 * Brings the ticket of a finding to what the finding is: opens, updates, reopens or closes it, one a finding. The record
 * says that a ticket is being opened before one is, so that neither a crash nor another worker opens a second. A ticket that
 * was told the same is not called, unless a person has resolved it.
 */
export async function tellFindingTicket(
  { id, wasResolved = false }: Pick<TellTicketItem, 'id' | 'wasResolved'>,
  ports: FindingTicketPorts,
): Promise<ToldFinding> {
  const finding = await ports.findings.get(id);
  if (finding === undefined) return 'none';
  return finding.state === 'open'
    ? await tellOpen(finding, wasResolved, ports)
    : await tellClosed(finding, ports);
}

async function tellOpen(
  finding: TellableFinding,
  wasResolved: boolean,
  ports: FindingTicketPorts,
): Promise<ToldFinding> {
  const { records, system } = ports;
  const ticket = ticketOf(finding);
  const { correlationId } = ticket;
  const told = digestOf(ticket);
  const before = await records.get(correlationId);
  const isTold = before?.state === 'open' && before.told === told;
  if (isTold && !wasResolved) return 'unchanged';
  if (before?.state !== 'open') {
    const wait = await beginOpening(finding, correlationId, ports);
    if (wait > 0) return { againInSeconds: wait };
  }

  const found = await system.find(correlationId, before?.ticketId);
  if (isTold && found?.isOpen) return 'unchanged';
  const { ticketId, done } = await openOne(found, finding, ticket, ports);
  await become('open', { findingId: finding.id, ticketId, told }, correlationId, ports);
  return done;
}

/** Where another worker has brought the record to a state that does not lead there, it stays. */
async function become(
  state: TicketState,
  members: Partial<TicketRecord>,
  correlationId: string,
  { records, clock }: Pick<FindingTicketPorts, 'records' | 'clock'>,
): Promise<void> {
  const changedAt = clock.now().toISOString();
  await records.update(correlationId, (record) =>
    record && ticketCanBecome(record.state, state) ? { ...record, ...members, state, changedAt } : undefined,
  );
}

async function openOne(
  found: Awaited<ReturnType<TicketSystem['find']>>,
  finding: TellableFinding,
  ticket: Ticket,
  { system, clock }: FindingTicketPorts,
): Promise<{ readonly ticketId: string; readonly done: ToldFinding }> {
  if (found?.isOpen) {
    await system.update(found.ticketId, ticket);
    return { ticketId: found.ticketId, done: 'updated' };
  }
  // A person has closed it, or the finding is back.
  const words = { key: keyOf('open', clock.now().toISOString()), text: reopeningText(finding) };
  if (found && (await system.reopen(found.ticketId, words))) {
    await system.update(found.ticketId, ticket);
    return { ticketId: found.ticketId, done: 'reopened' };
  }
  return { ticketId: await system.open(ticket), done: 'opened' };
}

/** Takes the right to open the ticket; 0, or the seconds until somebody else's is over. */
async function beginOpening(
  finding: TellableFinding,
  correlationId: string,
  { records, system, clock }: FindingTicketPorts,
): Promise<number> {
  const now = clock.now();
  let wait = 0;
  await records.update(correlationId, (record): TicketRecord | undefined => {
    const age = record ? (now.getTime() - Date.parse(record.changedAt)) / 1000 : 0;
    wait = record?.state === 'opening' ? Math.max(0, Math.ceil(settleSeconds - age)) : 0;
    if (wait > 0 || (record && !ticketCanBecome(record.state, 'opening'))) return undefined;
    const { id: findingId, profileId, table } = finding;
    return {
      ...{ correlationId, findingId, system: system.name, state: 'opening', changedAt: now.toISOString() },
      selection: isGuid(profileId.toLowerCase()) ? selectionOf(profileId, { table }) : undefined,
      ...{ ticketId: record?.ticketId, told: undefined },
    };
  });
  return wait;
}

async function tellClosed(finding: TellableFinding, ports: FindingTicketPorts): Promise<ToldFinding> {
  const { records, system, clock } = ports;
  const correlationId = correlationIdOf(finding.id);
  const nothingTold = { findingId: finding.id, told: undefined };
  const record = await records.get(correlationId);
  if (record === undefined) return 'none';
  if (record.state === 'closed') return 'unchanged';
  // The one that is being opened might not be found yet.
  const age = (clock.now().getTime() - Date.parse(record.changedAt)) / 1000;
  if (record.state === 'opening' && age < settleSeconds)
    return { againInSeconds: Math.ceil(settleSeconds - age) };
  // First, because the closing may come back as a call, to be told from that of a person who resolves the ticket.
  await become('closing', nothingTold, correlationId, ports);
  const found = await system.find(correlationId, record.ticketId);
  if (found) {
    const key = keyOf('closed', finding.closedAt ?? '');
    await system.close(found.ticketId, { key, text: closingText(finding) });
  }
  await become('closed', nothingTold, correlationId, ports);
  return found ? 'closed' : 'none';
}

const keyOf = (what: string, at: string) => `${what}-${at.replace(/\D/g, '') || '0'}`;
