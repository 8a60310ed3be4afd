import { app } from '@azure/functions';
import { reportPoison } from '../shared/edge/report-poison.ts';
import { service } from '../shared/service.ts';

app.storageQueue('queue-retouch-row-poison', {
  queueName: 'retouch-row-poison',
  connection: 'AzureWebJobsStorage',
  handler: (message) => reportPoison('retouch-row', message, service()),
});
