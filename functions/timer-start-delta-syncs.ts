import { app } from '@azure/functions';
import { runTimer } from '../shared/edge/run-timer.ts';
import { service } from '../shared/service.ts';

app.timer('timer-start-delta-syncs', {
  schedule: service().settings.START_DELTA_SYNCS_SCHEDULE,
  handler: (_timer, context) => runTimer(context, service(), () => service().sync.startDeltaSyncs()),
});
