import type { Ticket } from '../../model/ticket.ts';
import type { FoundTicket, TicketComment, TicketSystem } from '../../ports/ticket-system.ts';
import { at, basicLogin, listAt, orNone, type TicketHttpOptions, textAt, ticketHttp } from './ticket-http.ts';

/** Values of `incident.state`: 2 In Progress; 6 Resolved, 7 Closed and 8 Canceled are over; only 6 can be opened again. */
const inProgress = '2';
const resolved = '6';
const overStates = ['6', '7', '8'];

/** A value of the instance's list `close_code`; this one is in the base system. */
const closeCode = 'Solution provided';

/**
 * Incidents of ServiceNow by its Table API, in the table of `place`. The login is a user's, `name:password`. A ticket's id
 * is the `sys_id`; it is found again by `correlation_id`.
 */
export function serviceNow({
  url,
  credential,
  place = 'incident',
  ...more
}: TicketHttpOptions & { readonly place?: string | undefined }): TicketSystem {
  const call = ticketHttp('servicenow', { url, ...more });
  const table = `/api/now/table/${encodeURIComponent(place)}`;
  const get = async (path: string, query: Readonly<Record<string, string>>) =>
    call({
      method: 'GET',
      path: `${path}?${new URLSearchParams(query)}`,
      headers: await basicLogin(credential),
    });
  const send = async (method: 'POST' | 'PATCH', path: string, body: object) =>
    call({ method, path, body, headers: await basicLogin(credential) });
  const pathOf = (ticketId: string) => `${table}/${encodeURIComponent(ticketId)}`;

  const foundIn = (record: unknown): FoundTicket => ({
    ticketId: textAt(record, 'sys_id'),
    isOpen: !overStates.includes(textAt(record, 'state')),
  });
  const stateOf = async (ticketId: string) =>
    textAt(await get(pathOf(ticketId), { sysparm_fields: 'sys_id,state' }), 'result', 'state');

  const find: TicketSystem['find'] = async (correlationId, ticketId) => {
    if (ticketId !== undefined) {
      const state = await stateOf(ticketId).catch(orNone);
      if (state !== undefined) return { ticketId, isOpen: !overStates.includes(state) };
    }
    const answer = await get(table, {
      sysparm_query: `correlation_id=${correlationId}^ORDERBYDESCsys_created_on`,
      sysparm_fields: 'sys_id,state',
      sysparm_limit: '20',
    });
    const found = listAt(answer, 'result').map(foundIn);
    return found.find(({ isOpen }) => isOpen) ?? found[0];
  };

  /** With display values the journal comes as one text of all entries; it needs no right on the journal's own table. */
  const hasNote = async (ticketId: string, key: string) => {
    const answer = await get(pathOf(ticketId), {
      sysparm_display_value: 'true',
      sysparm_fields: 'work_notes',
    });
    return String(at(answer, 'result', 'work_notes') ?? '').includes(markOf(key));
  };
  const comment = async (ticketId: string, { key, text }: TicketComment) => {
    if (await hasNote(ticketId, key)) return;
    await send('PATCH', pathOf(ticketId), { work_notes: `${text}\n${markOf(key)}` });
  };

  return {
    name: 'servicenow',
    find,
    async open(ticket) {
      const found = await find(ticket.correlationId);
      if (found?.isOpen) return found.ticketId;
      return textAt(await send('POST', table, fieldsOf(ticket)), 'result', 'sys_id');
    },
    async update(ticketId, ticket) {
      await send('PATCH', pathOf(ticketId), fieldsOf(ticket));
    },
    comment,
    async close(ticketId, words) {
      await comment(ticketId, words);
      if (overStates.includes(await stateOf(ticketId))) return;
      await send('PATCH', pathOf(ticketId), {
        ...{ state: resolved, close_code: closeCode, close_notes: words.text },
      });
    },
    async reopen(ticketId, words) {
      const state = await stateOf(ticketId);
      if (overStates.includes(state) && state !== resolved) return false;
      if (state === resolved) await send('PATCH', pathOf(ticketId), { state: inProgress });
      await comment(ticketId, words);
      return true;
    },
  };
}

const markOf = (key: string) => `[${key}]`;

function fieldsOf({ correlationId, title, text, isUrgent }: Ticket) {
  return {
    ...{ short_description: title, description: text, correlation_id: correlationId },
    ...{ correlation_display: 'Dataverse export', urgency: isUrgent ? '1' : '2', impact: '2' },
  };
}
