import { app } from '@azure/functions';
import { runTimer } from '../shared/edge/run-timer.ts';
import { service } from '../shared/service.ts';

app.timer('timer-ingest-failures', {
  schedule: service().settings.INGEST_FAILURES_SCHEDULE,
  handler: (_timer, context) => runTimer(context, service(), () => service().automation.ingestFailures()),
});
