import { app } from '@azure/functions';
import { runTrigger } from '../shared/edge/run-trigger.ts';
import { service } from '../shared/service.ts';

app.storageQueue('queue-run-operation', {
  queueName: 'run-operation',
  connection: 'AzureWebJobsStorage',
  handler: (message, context) =>
    runTrigger(context, service().log, () => service().automation.runOperation(message)),
});
