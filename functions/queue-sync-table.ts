import { app } from '@azure/functions';
import { runTrigger } from '../shared/edge/run-trigger.ts';
import { service } from '../shared/service.ts';

app.storageQueue('queue-sync-table', {
  queueName: 'sync-table',
  connection: 'AzureWebJobsStorage',
  handler: (message, context) =>
    runTrigger(context, service().log, () => service().sync.runWorkItem(message)),
});
