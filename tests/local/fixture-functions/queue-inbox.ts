import { appendFileSync } from 'node:fs';
import { app, type InvocationContext } from '@azure/functions';

/** Notes each attempt in the file `NOTES`; the message says how it goes. */
app.storageQueue('queue-inbox', {
  queueName: '%INBOX%',
  connection: 'AzureWebJobsStorage',
  handler: async (message: unknown, context: InvocationContext) => {
    const { dequeueCount, id } = context.triggerMetadata ?? {};
    appendFileSync(process.env.NOTES as string, `${JSON.stringify({ message, dequeueCount, id })}\n`);
    const { fail, failUntil, milliseconds } = message as {
      fail?: boolean;
      failUntil?: number;
      milliseconds?: number;
    };
    if (milliseconds) await new Promise((resolve) => setTimeout(resolve, milliseconds));
    if (fail || Number(dequeueCount) < (failUntil ?? 0)) throw new Error('not this time');
    context.log('done');
  },
});
