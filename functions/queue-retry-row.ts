import { app } from '@azure/functions';
import { runTrigger } from '../shared/edge/run-trigger.ts';
import { service } from '../shared/service.ts';

app.storageQueue('queue-retry-row', {
  queueName: 'retry-row',
  connection: 'AzureWebJobsStorage',
  handler: (message, context) => runTrigger(context, service().log, () => service().sync.retryRows(message)),
});
