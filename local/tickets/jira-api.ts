import type { Answer, TicketApiRequest } from './ticket-api.ts';
import { isOver, type StoredTicket, type TicketStore } from './ticket-store.ts';

/** What a Jira account logs in with here. */
export const jiraLogin = 'export@contoso.example:jira-api-Token-1';

const transitions = [
  { id: '11', name: 'Start work', to: 'indeterminate' },
  { id: '31', name: 'Resolve this issue', to: 'done' },
  { id: '41', name: 'Reopen', to: 'indeterminate' },
] as const;

/**
 * Jira Service Management as far as we call it: requests and their comments of `/rest/servicedeskapi`, and of the platform's
 * API (versions 2 and 3) search by label, an issue's status, labels, summary and description, and transitions. `indexSeconds` is how
 * long the search does not know of a new issue.
 */
export function jiraApi(store: TicketStore, indexSeconds: () => number) {
  return (request: TicketApiRequest): Answer | undefined => {
    const { method, path, query, body } = request;
    if (!path.startsWith('/rest/')) return undefined;
    const route = `${method} ${path.replace(/^\/rest\/api\/[23]\//, '')}`;
    if (route === 'POST /rest/servicedeskapi/request') return createRequest(store, body);
    if (/^GET search(\/jql)?$/.test(route)) return search(store, query.get('jql') ?? '', indexSeconds());
    const [, key = '', rest = ''] =
      /^\w+ (?:\/rest\/servicedeskapi\/request|issue)\/([A-Z]+-\d+)(\/\w+)?$/.exec(route) ?? [];
    const ticket = store.get('jira', key);
    if (ticket === undefined)
      return problem(404, 'Issue does not exist or you do not have permission to see it.');
    return ofIssue(store, ticket, `${method} ${rest}`, request);
  };
}

function createRequest(store: TicketStore, body: TicketApiRequest['body']): Answer {
  const values = body.requestFieldValues as { summary?: string; description?: string; labels?: string[] };
  if (!body.serviceDeskId || !body.requestTypeId || !values?.summary)
    return problem(400, 'serviceDeskId, requestTypeId and summary are required.');
  const labels = values.labels ?? [];
  if (labels.some((label) => /\s/.test(label)))
    return problem(400, 'The label contains spaces which is invalid.');
  const ticket = store.add('jira', { title: values.summary, text: values.description ?? '', labels });
  return { status: 201, body: { issueId: ticket.id.replace(/\D/g, ''), issueKey: ticket.id } };
}

function search(store: TicketStore, jql: string, indexSeconds: number): Answer {
  const [, label] = /^labels = "([^"]+)" ORDER BY created DESC$/.exec(jql) ?? [];
  if (label === undefined) return problem(400, `Error in the JQL Query: ${jql}`);
  const indexedUntil = Date.now() - indexSeconds * 1000;
  const found = store
    .all('jira')
    .filter(({ labels, createdAt }) => labels.includes(label) && Date.parse(createdAt) <= indexedUntil)
    .reverse();
  return { status: 200, body: { issues: found.map(jiraIssue), isLast: true } };
}

function ofIssue(
  store: TicketStore,
  ticket: StoredTicket,
  route: string,
  { query, body }: TicketApiRequest,
): Answer {
  const possible = transitions.filter(({ to }) => (to === 'done') !== isOver(ticket));
  switch (route) {
    case 'GET ':
      return { status: 200, body: jiraIssue(ticket) };
    case 'PUT ':
      return edit(store, ticket, body);
    case 'GET /transitions':
      return {
        status: 200,
        body: {
          transitions: possible.map(({ id, name, to }) => ({
            id,
            name,
            to: { statusCategory: { key: to } },
          })),
        },
      };
    case 'POST /transitions': {
      const id = (body.transition as { id?: string } | undefined)?.id;
      const chosen = possible.find((one) => one.id === id);
      if (chosen === undefined) return problem(400, 'The transition is not valid for the issue.');
      const isDone = chosen.to === 'done';
      store.change(ticket, { state: isDone ? '6' : '2', resolution: isDone ? 'Done' : '' });
      return { status: 204 };
    }
    case 'GET /comment': {
      const start = Number(query.get('start') ?? 0);
      const limit = Number(query.get('limit') ?? 50);
      const values = ticket.comments.slice(start, start + limit).map(({ text }) => ({ body: text }));
      const isLastPage = start + limit >= ticket.comments.length;
      return { status: 200, body: { start, limit, size: values.length, isLastPage, values } };
    }
    case 'POST /comment':
      if (typeof body.body !== 'string' || typeof body.public !== 'boolean')
        return problem(400, 'body and public are required.');
      store.change(ticket, {}, body.body);
      return { status: 201, body: { id: `${ticket.comments.length}`, body: body.body } };
    default:
      return problem(405, 'Method Not Allowed');
  }
}

function edit(store: TicketStore, ticket: StoredTicket, body: TicketApiRequest['body']): Answer {
  const { summary: title, description: text } = (body.fields ?? {}) as Record<string, string | undefined>;
  const steps = (body.update as { labels?: { add?: string; remove?: string }[] } | undefined)?.labels ?? [];
  const labels = new Set(ticket.labels);
  for (const { add, remove } of steps) {
    if (add) labels.add(add);
    if (remove) labels.delete(remove);
  }
  store.change(ticket, {
    ...(title === undefined ? {} : { title }),
    ...(text === undefined ? {} : { text }),
    labels: [...labels],
  });
  return { status: 204 };
}

/** An issue as the API and the webhooks have it. */
export function jiraIssue(ticket: StoredTicket) {
  const done = { name: 'Resolved', statusCategory: { key: 'done', name: 'Done' } };
  const open = { name: 'Waiting for support', statusCategory: { key: 'indeterminate', name: 'In Progress' } };
  return {
    ...{ id: ticket.id.replace(/\D/g, ''), key: ticket.id },
    fields: {
      ...{ summary: ticket.title, description: ticket.text, labels: ticket.labels },
      status: isOver(ticket) ? done : open,
      resolution: ticket.resolution === '' ? null : { name: ticket.resolution },
    },
  };
}

function problem(status: number, message: string): Answer {
  return { status, body: { errorMessages: [message], errors: {} } };
}
