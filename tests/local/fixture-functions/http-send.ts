import { app, type HttpRequest, output } from '@azure/functions';

const queue = output.storageQueue({ queueName: '%INBOX%', connection: 'AzureWebJobsStorage' });

/** Puts what arrived into the queue, by an output binding. */
app.http('http-send', {
  route: 'Send',
  methods: ['POST'],
  extraOutputs: [queue],
  handler: async (request: HttpRequest, context) => {
    context.extraOutputs.set(queue, await request.json());
    return undefined as never;
  },
});
