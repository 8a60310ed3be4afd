import type { Ticket } from '../../model/ticket.ts';
import type { FoundTicket, TicketComment, TicketSystem } from '../../ports/ticket-system.ts';
import { at, basicLogin, listAt, orNone, type TicketHttpOptions, textAt, ticketHttp } from './ticket-http.ts';

const urgentLabel = 'urgent';
const pageSize = 100;

/**
 * Requests of Jira Service Management, of the service desk and request type in `place` (`4/27`). The login is an account's,
 * `email:token`. A ticket's id is the issue's key; it is found again by a label, which the request type must have as a field.
 * What is written is plain text, so version 2 of the platform's API is called; comments are internal.
 */
export function jiraServiceManagement({
  url,
  credential,
  place,
  ...more
}: TicketHttpOptions & { readonly place: string }): TicketSystem {
  const call = ticketHttp('jira', { url, ...more });
  const [serviceDeskId, requestTypeId] = place.split('/');
  const get = async (path: string) => call({ method: 'GET', path, headers: await basicLogin(credential) });
  const send = async (method: 'POST' | 'PUT', path: string, body: object) =>
    call({ method, path, body, headers: await basicLogin(credential) });
  const issueOf = (ticketId: string) => `/rest/api/2/issue/${encodeURIComponent(ticketId)}`;
  const commentsOf = (ticketId: string) =>
    `/rest/servicedeskapi/request/${encodeURIComponent(ticketId)}/comment`;

  const foundIn = (issue: unknown): FoundTicket => ({
    ticketId: textAt(issue, 'key'),
    isOpen: textAt(issue, 'fields', 'status', 'statusCategory', 'key') !== 'done',
  });
  const look = async (ticketId: string) => foundIn(await get(`${issueOf(ticketId)}?fields=status`));

  const find: TicketSystem['find'] = async (correlationId, ticketId) => {
    if (ticketId !== undefined) {
      const known = await look(ticketId).catch(orNone);
      if (known !== undefined) return known;
    }
    const jql = `labels = "${correlationId}" ORDER BY created DESC`;
    const query = new URLSearchParams({ jql, fields: 'status', maxResults: '20' });
    const found = listAt(await get(`/rest/api/2/search/jql?${query}`), 'issues').map(foundIn);
    return found.find(({ isOpen }) => isOpen) ?? found[0];
  };

  const hasComment = async (ticketId: string, key: string) => {
    for (let start = 0; ; start += pageSize) {
      const page = await get(`${commentsOf(ticketId)}?start=${start}&limit=${pageSize}`);
      const bodies = listAt(page, 'values').map((one) => String(at(one, 'body') ?? ''));
      if (bodies.some((body) => body.includes(markOf(key)))) return true;
      if (at(page, 'isLastPage') !== false || bodies.length === 0) return false;
    }
  };
  const comment = async (ticketId: string, { key, text }: TicketComment) => {
    if (await hasComment(ticketId, key)) return;
    await send('POST', commentsOf(ticketId), { body: `${text}\n${markOf(key)}`, public: false });
  };

  /** Takes the first transition into or out of the category *done*; false when the workflow has none from here. */
  const move = async (ticketId: string, isToBeDone: boolean) => {
    const transitions = listAt(await get(`${issueOf(ticketId)}/transitions`), 'transitions');
    const fitting = transitions.find(
      (one) => (at(one, 'to', 'statusCategory', 'key') === 'done') === isToBeDone,
    );
    if (fitting === undefined) return false;
    await send('POST', `${issueOf(ticketId)}/transitions`, { transition: { id: textAt(fitting, 'id') } });
    return true;
  };

  return {
    name: 'jira',
    find,
    async open(ticket) {
      const found = await find(ticket.correlationId);
      if (found?.isOpen) return found.ticketId;
      const requestFieldValues = fieldsOf(ticket);
      const made = await send('POST', '/rest/servicedeskapi/request', {
        ...{ serviceDeskId, requestTypeId, requestFieldValues },
      });
      return textAt(made, 'issueKey');
    },
    async update(ticketId, ticket) {
      const { labels: _kept, ...fields } = fieldsOf(ticket);
      const urgent = { [ticket.isUrgent ? 'add' : 'remove']: urgentLabel };
      await send('PUT', issueOf(ticketId), { fields, update: { labels: [urgent] } });
    },
    comment,
    async close(ticketId, words) {
      await comment(ticketId, words);
      if ((await look(ticketId)).isOpen) await move(ticketId, true);
    },
    async reopen(ticketId, words) {
      if (!(await look(ticketId)).isOpen && !(await move(ticketId, false))) return false;
      await comment(ticketId, words);
      return true;
    },
  };
}

const markOf = (key: string) => `(${key})`;

function fieldsOf({ correlationId, title, text, isUrgent }: Ticket) {
  return { summary: title, description: text, labels: [correlationId, ...(isUrgent ? [urgentLabel] : [])] };
}
