import { app } from '@azure/functions';
import { reportPoison } from '../shared/edge/report-poison.ts';
import { service } from '../shared/service.ts';

app.storageQueue('queue-retry-row-poison', {
  queueName: 'retry-row-poison',
  connection: 'AzureWebJobsStorage',
  handler: (message) => reportPoison('retry-row', message, service()),
});
