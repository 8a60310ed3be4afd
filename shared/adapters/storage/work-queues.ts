import type { WorkQueue, WorkQueues } from '../../ports/work-queue.ts';
import type { StorageAccount } from './storage-account.ts';
import { storageCall } from './storage-call.ts';

/** Names of the queues; the triggers listen to the same. */
export const queueNames = {
  syncTable: 'sync-table',
  retryRow: 'retry-row',
  retouchRow: 'retouch-row',
  verifyRow: 'verify-row',
  tellTicket: 'tell-ticket',
  abandonedTicket: 'tell-ticket-abandoned',
  runOperation: 'run-operation',
} as const satisfies Record<keyof WorkQueues, string>;

const mostDelaySeconds = 7 * 24 * 3600;

export function workQueues(account: StorageAccount): WorkQueues {
  const queue = <Item>(name: string): WorkQueue<Item> => ({
    async send(item, delaySeconds = 0) {
      const client = await account.queue(name);
      // Base64 is what the queue trigger expects (`messageEncoding` in host.json).
      const text = Buffer.from(JSON.stringify(item)).toString('base64');
      const visibilityTimeout = Math.min(Math.max(Math.ceil(delaySeconds), 0), mostDelaySeconds);
      await storageCall(`send to queue "${name}"`, () =>
        client.sendMessage(text, { visibilityTimeout, messageTimeToLive: -1 }),
      );
    },
  });
  return {
    syncTable: queue(queueNames.syncTable),
    retryRow: queue(queueNames.retryRow),
    retouchRow: queue(queueNames.retouchRow),
    verifyRow: queue(queueNames.verifyRow),
    tellTicket: queue(queueNames.tellTicket),
    abandonedTicket: queue(queueNames.abandonedTicket),
    runOperation: queue(queueNames.runOperation),
  };
}
