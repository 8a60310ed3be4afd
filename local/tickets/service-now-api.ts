import type { Answer, TicketApiRequest } from './ticket-api.ts';
import type { StoredTicket, TicketStore } from './ticket-store.ts';

/** What a ServiceNow user logs in with here. */
export const serviceNowLogin = 'dataverse.export:service-now-Password-1';

const writable = {
  short_description: 'title',
  description: 'text',
  correlation_id: 'correlationId',
  state: 'state',
  close_code: 'resolution',
} as const satisfies Record<string, keyof StoredTicket>;

const stateNames: Record<string, string> = {
  1: 'New',
  2: 'In Progress',
  3: 'On Hold',
  6: 'Resolved',
  7: 'Closed',
  8: 'Canceled',
};

/**
 * The Table API of `incident`, as far as we call it: POST, GET of one and by `sysparm_query`, PATCH and PUT. Resolving needs
 * `close_code` and `close_notes`, as the base system's data policy has it.
 */
export function serviceNowApi(store: TicketStore) {
  return ({ method, path, query, body }: TicketApiRequest): Answer | undefined => {
    const [, id] = /^\/api\/now\/table\/incident(?:\/([^/]+))?$/.exec(path) ?? [undefined, undefined];
    if (!path.startsWith('/api/now/')) return undefined;
    if (!/^\/api\/now\/table\/incident(\/|$)/.test(path)) return problem(400, 'Invalid table');
    if (method === 'GET' && id === undefined) return { status: 200, body: { result: search(store, query) } };
    if (method === 'POST' && id === undefined) {
      const ticket = store.add('servicenow', {});
      write(store, ticket, body);
      return { status: 201, body: { result: record(ticket, query) } };
    }
    const ticket = store.get('servicenow', id ?? '');
    if (ticket === undefined || ticket.id !== id) return problem(404, 'No Record found');
    if (method === 'GET') return { status: 200, body: { result: record(ticket, query) } };
    if (method !== 'PATCH' && method !== 'PUT') return problem(405, 'Method not supported');
    const isResolving = ['6', '7'].includes(String(body.state ?? '')) && !['6', '7'].includes(ticket.state);
    if (isResolving && !(body.close_code && body.close_notes))
      return problem(
        403,
        'Data Policy Exception: The following fields are mandatory: Close code, Close notes',
      );
    write(store, ticket, body);
    return { status: 200, body: { result: record(ticket, query) } };
  };
}

function write(store: TicketStore, ticket: StoredTicket, body: Readonly<Record<string, unknown>>): void {
  const members = Object.entries(writable).flatMap(([field, member]) =>
    body[field] === undefined ? [] : [[member, String(body[field])]],
  );
  const urgency = body.urgency === undefined ? {} : { isUrgent: String(body.urgency) === '1' };
  store.change(
    ticket,
    { ...Object.fromEntries(members), ...urgency },
    [body.work_notes, body.close_notes].filter(Boolean).join('\n'),
  );
}

/** Conditions `field=value` and `ORDERBYDESC`, joined by `^`. */
function search(store: TicketStore, query: URLSearchParams): object[] {
  const parts = (query.get('sysparm_query') ?? '').split('^');
  const conditions = parts.flatMap((part) => {
    const [, field, value] = /^(\w+)=(.*)$/.exec(part) ?? [];
    return field === undefined ? [] : [[field, value] as const];
  });
  const found = store
    .all('servicenow')
    .filter((ticket) =>
      conditions.every(([field, value]) => record(ticket, new URLSearchParams())[field] === value),
    );
  if (parts.includes('ORDERBYDESCsys_created_on')) found.reverse();
  return found.slice(0, Number(query.get('sysparm_limit') ?? 10_000)).map((ticket) => record(ticket, query));
}

/** The members asked for; without display values journal fields are empty, as in the product. */
function record(ticket: StoredTicket, query: URLSearchParams): Record<string, string> {
  const isShown = query.get('sysparm_display_value') === 'true';
  const notes = ticket.comments.map(({ at, text }) => `${at} - Export (Work notes)\n${text}\n\n`).join('');
  const all: Record<string, string> = {
    ...{ sys_id: ticket.id, number: ticket.number, sys_created_on: ticket.createdAt },
    ...{ short_description: ticket.title, description: ticket.text, correlation_id: ticket.correlationId },
    state: isShown ? (stateNames[ticket.state] ?? ticket.state) : ticket.state,
    ...{ urgency: ticket.isUrgent ? '1' : '2', close_code: ticket.resolution },
    work_notes: isShown ? notes : '',
  };
  const fields = query.get('sysparm_fields')?.split(',') ?? Object.keys(all);
  return Object.fromEntries(fields.map((field) => [field, all[field] ?? '']));
}

function problem(status: number, message: string): Answer {
  return { status, body: { error: { message, detail: message }, status: 'failure' } };
}
