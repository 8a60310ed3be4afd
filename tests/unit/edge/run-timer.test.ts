import { expect, test, vi } from 'vitest';
import { runTimer } from '../../../shared/edge/run-timer.ts';

const context = { functionName: 'timer-poll-status', invocationId: '1' };
const parts = () => ({
  log: { info: vi.fn(), warn: vi.fn(), error: vi.fn() },
  telemetry: { event: vi.fn(), metric: vi.fn() },
});

test('a timer that came to its end is told once, with its name', async () => {
  const { log, telemetry } = parts();
  await runTimer(context, { log, telemetry }, async () => {
    expect(telemetry.event).not.toHaveBeenCalled();
  });
  expect(telemetry.event).toHaveBeenCalledExactlyOnceWith('timer.run.completed', {
    timer: 'timer-poll-status',
  });
});

test('a timer that fails is missed', async () => {
  const { log, telemetry } = parts();
  const run = runTimer(context, { log, telemetry }, async () => {
    throw new Error('a defect');
  });
  await expect(run).rejects.toThrow('a defect');
  expect(telemetry.event).not.toHaveBeenCalled();
});
