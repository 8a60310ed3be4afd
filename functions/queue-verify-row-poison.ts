import { app } from '@azure/functions';
import { reportPoison } from '../shared/edge/report-poison.ts';
import { service } from '../shared/service.ts';

app.storageQueue('queue-verify-row-poison', {
  queueName: 'verify-row-poison',
  connection: 'AzureWebJobsStorage',
  handler: (message) => reportPoison('verify-row', message, service()),
});
