import { QueueServiceClient } from '@azure/storage-queue';
import type { QueueSettings } from './host-settings.ts';

/** Queues by name, and the form of their messages. */
export type Queues = {
  readonly client: (queueName: string) => ReturnType<QueueServiceClient['getQueueClient']>;
  encode(text: string): string;
  /** The text of a message, or undefined when it is not in the agreed encoding. */
  decode(messageText: string): string | undefined;
  /** Sends a message, making the queue if it is not there yet. */
  send(queueName: string, messageText: string): Promise<void>;
};

function openQueues(connectionString: string, { messageEncoding }: QueueSettings): Queues {
  const service = QueueServiceClient.fromConnectionString(connectionString, {
    retryOptions: { maxTries: 3, retryDelayInMs: 200, maxRetryDelayInMs: 2000 },
  });
  const client = (queueName: string) => service.getQueueClient(queueName);
  return {
    client,
    encode: (text) => (messageEncoding === 'base64' ? Buffer.from(text).toString('base64') : text),
    decode: (messageText) => (messageEncoding === 'base64' ? decodeBase64(messageText) : messageText),
    async send(queueName, messageText) {
      try {
        await client(queueName).sendMessage(messageText);
      } catch (error) {
        if (!isQueueMissing(error)) throw error;
        await client(queueName).createIfNotExists();
        await client(queueName).sendMessage(messageText);
      }
    },
  };
}

/** Opens the queues of each connection once; a connection is the name of a setting with a connection string. */
export function queuesByConnection(
  environment: Readonly<Record<string, string | undefined>>,
  settings: QueueSettings,
): (connection?: string) => Queues {
  const opened = new Map<string, Queues>();
  return (connection = 'AzureWebJobsStorage') => {
    const connectionString = environment[connection] ?? environment[`AzureWebJobs${connection}`];
    if (!connectionString) {
      throw new Error(
        `Cannot open the queues of connection "${connection}": the setting is missing; a connection string is expected.`,
      );
    }
    const queues = opened.get(connection) ?? openQueues(connectionString, settings);
    opened.set(connection, queues);
    return queues;
  };
}

export function isQueueMissing(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'QueueNotFound';
}

function decodeBase64(text: string): string | undefined {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64');
  const decoded = bytes.toString('utf8');
  return Buffer.from(decoded).equals(bytes) ? decoded : undefined;
}
