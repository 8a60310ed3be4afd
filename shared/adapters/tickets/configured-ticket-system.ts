import type { TicketSystemName } from '../../model/ticket.ts';
import type { Clock } from '../../ports/clock.ts';
import type { TicketSystem } from '../../ports/ticket-system.ts';
import { jiraServiceManagement } from './jira-service-management.ts';
import { plainJson } from './plain-json.ts';
import { serviceNow } from './service-now.ts';

/** Where tickets go, as the settings have it; all undefined when nobody is told. */
export interface TicketSystemSettings {
  readonly TICKET_SYSTEM?: TicketSystemName | undefined;
  readonly TICKET_SYSTEM_URL?: string | undefined;
  readonly TICKET_SYSTEM_PLACE?: string | undefined;
  readonly TICKET_SYSTEM_LOGIN_URI?: string | undefined;
}

/** The ticketing system that the settings name. `read` gives the value of a secret by its Key Vault address. */
export function configuredTicketSystem(
  {
    TICKET_SYSTEM: name,
    TICKET_SYSTEM_URL: url,
    TICKET_SYSTEM_PLACE: place,
    TICKET_SYSTEM_LOGIN_URI: login,
  }: TicketSystemSettings,
  read: (address: string) => Promise<string>,
  clock: Pick<Clock, 'now'>,
): TicketSystem | undefined {
  if (name === undefined || url === undefined || login === undefined) return undefined;
  const options = { url, credential: () => read(login) };
  if (name === 'servicenow') return serviceNow({ ...options, place });
  if (name === 'jira') return jiraServiceManagement({ ...options, place: place ?? '' });
  return plainJson({ ...options, place, clock });
}
