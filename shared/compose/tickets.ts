import { keptSecrets } from '../adapters/destinations/kept-secrets.ts';
import { ticketDeliveries } from '../adapters/storage/ticket-deliveries.ts';
import { ticketRecords } from '../adapters/storage/ticket-records.ts';
import { configuredTicketSystem } from '../adapters/tickets/configured-ticket-system.ts';
import {
  type TicketCall,
  type TicketWebhookPorts,
  takeTicketWebhook,
} from '../automation/take-ticket-webhook.ts';
import { type TellTicketPorts, tellTicket } from '../automation/tell-ticket.ts';
import { tellTickets } from '../automation/tell-tickets.ts';
import { tellable } from '../automation/ticket-texts.ts';
import { secretsIn } from '../model/webhook-signature.ts';
import { readWorkItem, resolvedTicket, tellTicketItemSchema } from '../model/work-item.ts';
import type { HealthFindings } from '../ports/health-findings.ts';
import type { Operations } from '../ports/operations.ts';
import type { Settings } from '../settings.ts';
import type { Parts } from './parts.ts';

/** What tickets need of the rest of the program. */
interface Others extends Pick<TicketWebhookPorts, 'startOperation' | 'exporter'> {
  readonly findings: HealthFindings;
  readonly operations: Operations;
}

/** Everything about tickets, inward and outward. */
export function ticketService(
  settings: Settings,
  { account, secrets: vault, ...some }: Parts,
  others: Others,
) {
  const parts = { ...some, ...others };
  const { clock } = parts;
  const records = ticketRecords(account);
  const deliveries = ticketDeliveries(account);
  const kept = keptSecrets(vault, clock);
  const secretAt = async (address: string) => (await kept.read(address)).value;
  // Two looks of five minutes, and some time for them.
  const resolvedSeconds = settings.FINDING_QUIET_SECONDS + 900;
  const webhooks: TicketWebhookPorts = {
    ...{ ...parts, records, deliveries },
    secretsOf: async (system) => {
      const address = settings.TICKET_WEBHOOKS?.[system];
      return address === undefined
        ? []
        : secretsIn(await secretAt(address), `"${system}" in TICKET_WEBHOOKS`);
    },
    lookAgain: (id) => parts.queues.tellTicket.send(resolvedTicket(id), resolvedSeconds),
    newGuid: () => crypto.randomUUID(),
  };
  const telling: TellTicketPorts = {
    ...{ ...parts, records },
    findings: {
      get: async (id) => {
        const finding = await others.findings.get(id);
        return finding && tellable(finding);
      },
    },
    system: configuredTicketSystem(settings, secretAt, clock),
    options: {
      firstDelaySeconds: settings.TICKET_FIRST_DELAY_SECONDS,
      maxDelaySeconds: settings.TICKET_MAX_DELAY_SECONDS,
      maxAttempts: settings.TICKET_MAX_ATTEMPTS,
      resolvedSeconds,
    },
  };
  return {
    /** Nothing where no ticketing system is configured. */
    tellTickets: async () => {
      if (telling.system) await tellTickets({ ...telling, findings: others.findings });
    },
    purged: { ticketDeliveries: deliveries, ticketRecords: records },
    takeTicketWebhook: (call: TicketCall) => takeTicketWebhook(call, webhooks),
    tellTicket: (message: unknown) =>
      tellTicket(readWorkItem(tellTicketItemSchema, 'tell-ticket', message), telling),
  };
}
