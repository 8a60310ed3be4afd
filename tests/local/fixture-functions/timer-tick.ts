import { appendFileSync } from 'node:fs';
import { app, type Timer } from '@azure/functions';

app.timer('timer-tick', {
  schedule: '%TICK_SCHEDULE%',
  handler: async (timer: Timer) => {
    appendFileSync(process.env.NOTES as string, `${JSON.stringify({ tick: timer })}\n`);
    if (process.env.FAIL_TIMER) throw new Error('not this time either');
  },
});
