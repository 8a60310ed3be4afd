import { app } from '@azure/functions';
import { runTrigger } from '../shared/edge/run-trigger.ts';
import { service } from '../shared/service.ts';

app.timer('timer-ingest-failures', {
  schedule: service().settings.INGEST_FAILURES_SCHEDULE,
  handler: (_timer, context) =>
    runTrigger(context, service().log, () => service().automation.ingestFailures()),
});
