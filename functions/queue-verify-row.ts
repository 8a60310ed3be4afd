import { app } from '@azure/functions';
import { runTrigger } from '../shared/edge/run-trigger.ts';
import { service } from '../shared/service.ts';

app.storageQueue('queue-verify-row', {
  queueName: 'verify-row',
  connection: 'AzureWebJobsStorage',
  handler: (message, context) =>
    runTrigger(context, service().log, () => service().automation.verifyRows(message)),
});
