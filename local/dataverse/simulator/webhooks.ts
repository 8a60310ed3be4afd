import { z } from 'zod';
import { atMost } from '../../../shared/at-most.ts';
import type { Organization } from '../organization.ts';
import type { Table } from '../schema/table.ts';
import type { RowValues } from '../store/row-text.ts';
import { contextJson } from './webhook-context.ts';
import { wrongBody } from './wrong-body.ts';

const messages = ['Create', 'Update', 'Delete'] as const;
export type WebhookMessage = (typeof messages)[number];

/** What one operation did to one row; `values` are those that were written. */
export type RowOperation = {
  readonly table: Table;
  readonly message: WebhookMessage;
  readonly id: string;
  readonly values: RowValues;
  readonly userId: string;
};

/** A `serviceendpoint` with its steps: the three kinds of key that Dataverse sends, and for which tables and messages. */
const webhookShape = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  authType: z.enum(['WebhookKey', 'HttpHeader', 'HttpQueryString']),
  /** Name of the header or of the member of the query. */
  name: z.string().min(1).default('code'),
  value: z.string().min(1),
  tables: z.array(z.string()).min(1),
  messages: z
    .array(z.enum(messages))
    .min(1)
    .default([...messages]),
});
type Webhook = z.infer<typeof webhookShape>;

const sentAtOnce = 16;
const timeoutMilliseconds = 60_000;
const retriedStatuses = [502, 503, 504];
const keptFailures = 20;
const stateName = 'webhooks';

export type Webhooks = ReturnType<typeof webhooks>;

/** Sends a call for each row that is created, changed or deleted, after the commit: no order, one retry, no guarantee. */
export function webhooks(organization: Pick<Organization, 'store'>) {
  const { store } = organization;
  const inTurn = atMost(sentAtOnce);
  let registered: Webhook[] = JSON.parse(store.state(stateName) ?? '[]');
  let isQuiet = false;
  let isStopped = false;
  const counts = { sent: 0, failed: 0 };
  /** What would be failed system jobs. */
  const failures: string[] = [];

  async function post({ url, authType, name, value }: Webhook, context: ReturnType<typeof contextJson>) {
    const address = new URL(url);
    if (authType === 'WebhookKey') address.searchParams.set('code', value);
    if (authType === 'HttpQueryString') address.searchParams.set(name, value);
    const response = await fetch(address, {
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        ...context.headers,
        ...(authType === 'HttpHeader' && { [name]: value }),
      },
      body: context.body,
      signal: AbortSignal.timeout(timeoutMilliseconds),
    });
    await response.arrayBuffer();
    return response.status;
  }

  async function send(webhook: Webhook, context: ReturnType<typeof contextJson>): Promise<void> {
    if (isStopped) return;
    const attempt = () => post(webhook, context).catch((error: Error) => error.message);
    let outcome = await attempt();
    if (typeof outcome === 'number' && retriedStatuses.includes(outcome)) outcome = await attempt();
    counts.sent++;
    if (typeof outcome === 'number' && outcome >= 200 && outcome < 300) return;
    counts.failed++;
    failures.push(`${webhook.url} answered ${outcome}`);
    if (failures.length > keptFailures) failures.shift();
  }

  return {
    /** Runs a write whose caller may have asked to bypass asynchronous logic, webhooks among it. */
    quietly<Result>(isAsked: boolean, write: () => Result): Result {
      isQuiet = isAsked;
      try {
        return write();
      } finally {
        isQuiet = false;
      }
    },
    /** To be told of every write, inside its transaction. */
    note(whole: Organization, operation: RowOperation): void {
      if (isQuiet) return;
      const wanted = registered.filter(
        ({ tables, messages }) =>
          tables.includes(operation.table.name) && messages.includes(operation.message),
      );
      if (wanted.length === 0) return;
      const context = contextJson(whole, operation);
      store.afterCommit(() => {
        for (const webhook of wanted) void inTurn(() => send(webhook, context));
      });
    },
    /** Replaces those that are registered; they outlive a restart. */
    register(wanted: unknown): object {
      const parsed = z.array(webhookShape).safeParse(Array.isArray(wanted) ? wanted : [wanted]);
      if (!parsed.success) throw wrongBody('register a webhook', parsed.error);
      registered = parsed.data;
      store.setState(stateName, JSON.stringify(registered));
      return this.state();
    },
    state: () => ({
      registered: registered.map(({ value: _, ...shown }) => shown),
      ...counts,
      failures,
    }),
    stop(): void {
      isStopped = true;
    },
  };
}
