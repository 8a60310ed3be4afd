import { app } from '@azure/functions';
import { runTrigger } from '../shared/edge/run-trigger.ts';
import { service } from '../shared/service.ts';

app.timer('timer-start-delta-syncs', {
  schedule: service().settings.START_DELTA_SYNCS_SCHEDULE,
  handler: (_timer, context) => runTrigger(context, service().log, () => service().sync.startDeltaSyncs()),
});
