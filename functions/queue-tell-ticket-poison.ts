import { app } from '@azure/functions';
import { reportPoison } from '../shared/edge/report-poison.ts';
import { service } from '../shared/service.ts';

app.storageQueue('queue-tell-ticket-poison', {
  queueName: 'tell-ticket-poison',
  connection: 'AzureWebJobsStorage',
  handler: (message) => reportPoison('tell-ticket', message, service()),
});
