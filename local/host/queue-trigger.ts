import { setTimeout as sleep } from 'node:timers/promises';
import type { DequeuedMessageItem } from '@azure/storage-queue';
import { type RegisteredFunction, writeLogLine } from './functions-core.ts';
import type { QueueSettings } from './host-settings.ts';
import type { Invocation } from './invoke-function.ts';
import { isQueueMissing, type Queues } from './queue-messages.ts';

const firstPollingIntervalSeconds = 0.1;
const largestFetch = 32;

export type QueueTrigger = { stopFetching(): Promise<void>; running(): readonly Promise<void>[] };

/**
 * Feeds one queue to one function with the rules of the Functions host: a lease renewed at half time, a failed
 * message visible again after `visibilityTimeout`, and after `maxDequeueCount` attempts in `<queue>-poison`.
 * A message whose process died is visible again when its lease ends.
 */
export function startQueueTrigger(
  target: RegisteredFunction,
  queueName: string,
  queues: Queues,
  settings: QueueSettings & { leaseSeconds: number },
  invoke: (invocation: Invocation) => Promise<unknown>,
): QueueTrigger {
  const queue = queues.client(queueName);
  const running = new Set<Promise<void>>();
  const stopping = new AbortController();
  const fetching = fetchUntilStopped();
  return {
    stopFetching() {
      stopping.abort();
      return fetching;
    },
    running: () => [...running],
  };

  async function fetchUntilStopped(): Promise<void> {
    let pauseSeconds = firstPollingIntervalSeconds;
    while (!stopping.signal.aborted) {
      if (running.size > settings.newBatchThreshold) {
        await Promise.race([...running, stopped()]);
        continue;
      }
      const messages = await fetchMessages();
      if (stopping.signal.aborted) return giveBack(messages);
      for (const message of messages) start(message);
      if (messages.length > 0) {
        pauseSeconds = firstPollingIntervalSeconds;
        continue;
      }
      await sleep(pauseSeconds * 1000, undefined, { signal: stopping.signal }).catch(() => {});
      pauseSeconds = Math.min(pauseSeconds * 2, settings.maxPollingIntervalSeconds);
    }
  }

  async function fetchMessages(): Promise<DequeuedMessageItem[]> {
    try {
      const response = await queue.receiveMessages({
        numberOfMessages: Math.min(settings.batchSize, largestFetch),
        visibilityTimeout: settings.leaseSeconds,
      });
      return response.receivedMessageItems;
    } catch (error) {
      if (!isQueueMissing(error)) warn('fetch messages', error);
      return [];
    }
  }

  async function giveBack(messages: DequeuedMessageItem[]): Promise<void> {
    for (const { messageId, popReceipt, messageText } of messages) {
      await queue.updateMessage(messageId, popReceipt, messageText, 0).catch(() => {});
    }
  }

  function start(message: DequeuedMessageItem): void {
    const run = runMessage(message).finally(() => running.delete(run));
    running.add(run);
  }

  async function runMessage(message: DequeuedMessageItem): Promise<void> {
    const text = queues.decode(message.messageText);
    const lease = keepLease(message);
    try {
      if (text === undefined || message.dequeueCount > settings.maxDequeueCount)
        return await poison(message, lease);
      try {
        await invoke({ input: { string: text }, triggerMetadata: metadataOf(message, text) });
      } catch {
        if (message.dequeueCount >= settings.maxDequeueCount) return await poison(message, lease);
        await queue.updateMessage(
          message.messageId,
          await lease.end(),
          message.messageText,
          settings.visibilityTimeoutSeconds,
        );
        return;
      }
      await queue.deleteMessage(message.messageId, await lease.end());
    } catch (error) {
      warn('settle a message', error);
    } finally {
      await lease.end();
    }
  }

  async function poison(message: DequeuedMessageItem, lease: Lease): Promise<void> {
    await queues.send(`${queueName}-poison`, message.messageText);
    await queue.deleteMessage(message.messageId, await lease.end());
    writeLogLine(
      'warning',
      target.name,
      `moved a message to ${queueName}-poison after ${message.dequeueCount} attempts`,
    );
  }

  type Lease = { end(): Promise<string> };

  /** `end` waits for a renewal under way, because each renewal changes the receipt that settling needs. */
  function keepLease(message: DequeuedMessageItem): Lease {
    let receipt = message.popReceipt;
    let renewal = Promise.resolve();
    const timer = setInterval(() => {
      renewal = queue
        .updateMessage(message.messageId, receipt, message.messageText, settings.leaseSeconds)
        .then((renewed) => {
          receipt = renewed.popReceipt ?? receipt;
        })
        .catch((error: unknown) => warn('renew the lease of a message', error));
    }, settings.leaseSeconds * 500);
    return {
      async end() {
        clearInterval(timer);
        await renewal;
        return receipt;
      },
    };
  }

  function stopped(): Promise<void> {
    return new Promise((resolve) =>
      stopping.signal.addEventListener('abort', () => resolve(), { once: true }),
    );
  }

  function warn(what: string, error: unknown): void {
    const { code, message } = error as { code?: string; message?: string };
    writeLogLine(
      'warning',
      target.name,
      `Cannot ${what} of queue "${queueName}": ${code ?? message}; tried again.`,
    );
  }
}

function metadataOf(
  message: DequeuedMessageItem,
  text: string,
): Record<string, { string?: string; json?: string }> {
  const { messageId, popReceipt, dequeueCount, insertedOn, expiresOn, nextVisibleOn } = message;
  return {
    QueueTrigger: { string: text },
    Id: { string: messageId },
    PopReceipt: { string: popReceipt },
    DequeueCount: { json: JSON.stringify(dequeueCount) },
    InsertionTime: { json: JSON.stringify(insertedOn) },
    ExpirationTime: { json: JSON.stringify(expiresOn) },
    NextVisibleTime: { json: JSON.stringify(nextVisibleOn) },
  };
}
