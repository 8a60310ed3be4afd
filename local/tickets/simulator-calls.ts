import { z } from 'zod';
import { ticketSystemNames } from '../../shared/model/ticket.ts';
import { sendWebhook } from './send-webhook.ts';
import type { Answer, TicketApiRequest } from './ticket-api.ts';
import type { TicketStore } from './ticket-store.ts';

const faultShape = z.strictObject({
  /** Part of the path. */
  route: z.string().default('/'),
  method: z.string().optional(),
  /** `lost`: the call is done and its answer lost. */
  kind: z.enum(['429', '500', '503', 'slow', 'reset', 'html', 'redirect', 'lost']),
  count: z.int().min(1).default(1),
});
export type Fault = z.infer<typeof faultShape>;

const ticketShape = z.strictObject({
  system: z.enum(ticketSystemNames),
  title: z.string().default('A ticket of a person'),
  /** What it is about, as in docs/ticketing.md. */
  about: z.string(),
});
const resolveShape = z.strictObject({
  system: z.enum(ticketSystemNames),
  ticketId: z.string(),
  state: z.enum(['2', '6', '7', '8']).default('6'),
  resolution: z.string().default('Solution provided'),
  note: z.string().default('Cured.'),
  /** Whether the webhook is sent. */
  isTold: z.boolean().default(true),
});
const switchShape = z.strictObject({ jiraIndexSeconds: z.number().min(0) });

/** The `/simulator` calls, which no product has: loopback, no login. */
export function simulatorCalls(store: TicketStore, appUrl: string | undefined) {
  let faults: Fault[] = [];
  const switches = { jiraIndexSeconds: 0 };
  const calls: Record<string, (body: unknown) => object | Promise<object>> = {
    'GET /simulator': () => ({ tickets: store.all(), faults, switches }),
    'POST /simulator/faults': (body) => {
      faults.push(faultShape.parse(body));
      return { faults };
    },
    'DELETE /simulator/faults': () => {
      faults = [];
      return { faults };
    },
    'PATCH /simulator/switches': (body) => Object.assign(switches, switchShape.parse(body)),
    'POST /simulator/tickets': (body) => {
      const { system, title, about } = ticketShape.parse(body);
      return store.add(system, { title, correlationId: about, labels: system === 'jira' ? [about] : [] });
    },
    'POST /simulator/resolve': async (body) => {
      const { system, ticketId, state, resolution, note, isTold } = resolveShape.parse(body);
      const ticket = store.get(system, ticketId);
      if (ticket === undefined) throw new Error(`Cannot resolve ticket "${ticketId}": there is none.`);
      store.change(ticket, { state, resolution }, note);
      return isTold && appUrl !== undefined ? { webhook: await sendWebhook(ticket, appUrl) } : {};
    },
  };
  return {
    switches,
    takeFault({ method, path }: TicketApiRequest): Fault | undefined {
      const fault = faults.find(
        (one) => path.includes(one.route) && (one.method === undefined || one.method === method),
      );
      if (fault) {
        fault.count -= 1;
        faults = faults.filter(({ count }) => count > 0);
      }
      return fault;
    },
    async answer({ method, path, body }: TicketApiRequest): Promise<Answer | undefined> {
      if (!path.startsWith('/simulator')) return undefined;
      const call = calls[`${method} ${path}`];
      if (call === undefined)
        return { status: 404, body: { error: `Known calls: ${Object.keys(calls).join(', ')}.` } };
      try {
        return { status: 200, body: await call(body) };
      } catch (error) {
        return {
          status: 400,
          body: { error: error instanceof z.ZodError ? z.prettifyError(error) : String(error) },
        };
      }
    },
  };
}
