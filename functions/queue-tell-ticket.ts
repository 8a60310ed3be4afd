import { app } from '@azure/functions';
import { runTrigger } from '../shared/edge/run-trigger.ts';
import { service } from '../shared/service.ts';

app.storageQueue('queue-tell-ticket', {
  queueName: 'tell-ticket',
  connection: 'AzureWebJobsStorage',
  handler: (message, context) =>
    runTrigger(context, service().log, () => service().automation.tellTicket(message)),
});
