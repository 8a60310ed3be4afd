import { app } from '@azure/functions';
import { runTrigger } from '../shared/edge/run-trigger.ts';
import { service } from '../shared/service.ts';

app.timer('timer-purge', {
  schedule: service().settings.PURGE_SCHEDULE,
  handler: (_timer, context) => runTrigger(context, service().log, () => service().automation.purge()),
});
