import { app } from '@azure/functions';
import { reportPoison } from '../shared/edge/report-poison.ts';
import { service } from '../shared/service.ts';

app.storageQueue('queue-sync-table-poison', {
  queueName: 'sync-table-poison',
  connection: 'AzureWebJobsStorage',
  handler: (message) => reportPoison('sync-table', message, service()),
});
