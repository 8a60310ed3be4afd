import { app } from '@azure/functions';
import { runTimer } from '../shared/edge/run-timer.ts';
import { service } from '../shared/service.ts';

app.timer('timer-reconcile', {
  schedule: service().settings.RECONCILE_SCHEDULE,
  handler: (_timer, context) => runTimer(context, service(), () => service().sync.reconcileTables()),
});
