import type { Answer, TicketApiRequest } from './ticket-api.ts';
import { isOver, type StoredTicket, type TicketStore } from './ticket-store.ts';

const answerOf = (ticket: StoredTicket | undefined): Answer => ({
  status: 200,
  body: ticket === undefined ? { ticketId: null } : { ticketId: ticket.id, isOpen: !isOver(ticket) },
});

/** A receiver of the plain form at `/tickets`, in the least code that keeps its promises. */
export function plainReceiver(store: TicketStore) {
  return ({ method, path, body }: TicketApiRequest): Answer | undefined => {
    if (path !== '/tickets') return undefined;
    if (method !== 'POST') return { status: 405, body: { error: 'POST is expected.' } };
    const { action, ticketId, correlationId, title, text, isUrgent, key } = body as Record<string, string>;
    const named = store.get('json', ticketId ?? '');
    const corresponding = store.all('json').filter((one) => one.correlationId === correlationId);
    const found = named ?? corresponding.find((one) => !isOver(one)) ?? corresponding.at(-1);
    if (action === 'find') return answerOf(found);
    const members = { title: title ?? '', text: text ?? '', isUrgent: Boolean(isUrgent) };
    if (action === 'open') {
      const isThere = found !== undefined && !isOver(found);
      return answerOf(
        isThere ? found : store.add('json', { ...members, correlationId: correlationId ?? '' }),
      );
    }
    if (named === undefined) return { status: 404, body: { error: 'There is no such ticket.' } };
    const marked = `${text} {${key}}`;
    const words = named.comments.some((comment) => comment.text === marked) ? undefined : marked;
    if (action === 'update') store.change(named, members);
    else if (action === 'comment') store.change(named, {}, words);
    else if (action === 'close') store.change(named, { state: '6' }, words);
    else if (action === 'reopen') store.change(named, { state: '2' }, words);
    else return { status: 400, body: { error: 'The action is not known.' } };
    return answerOf(named);
  };
}
