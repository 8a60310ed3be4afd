import { app } from '@azure/functions';
import { reportPoison } from '../shared/edge/report-poison.ts';
import { service } from '../shared/service.ts';

app.storageQueue('queue-run-operation-poison', {
  queueName: 'run-operation-poison',
  connection: 'AzureWebJobsStorage',
  handler: (message) => reportPoison('run-operation', message, service()),
});
