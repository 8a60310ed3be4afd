import { app } from '@azure/functions';
import { runTimer } from '../shared/edge/run-timer.ts';
import { service } from '../shared/service.ts';

app.timer('timer-poll-status', {
  schedule: service().settings.POLL_STATUS_SCHEDULE,
  handler: (_timer, context) => runTimer(context, service(), () => service().automation.pollStatus()),
});
