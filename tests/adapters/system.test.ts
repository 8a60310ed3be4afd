import { expect, test, vi } from 'vitest';
import { consoleLog } from '../../shared/adapters/system/console-log.ts';
import { systemClock } from '../../shared/adapters/system/system-clock.ts';

test('a log call is one line with its level, whatever the text holds', () => {
  const lines: string[] = [];
  const spies = (['info', 'warn', 'error'] as const).map((level) =>
    vi.spyOn(console, level).mockImplementation((line: string) => lines.push(line)),
  );
  const log = consoleLog();
  log.info('one');
  log.warn('two\r\nERROR forged');
  log.error('three');
  for (const spy of spies) spy.mockRestore();
  expect(lines).toEqual(['INFO one', 'WARN two | ERROR forged', 'ERROR three']);
});

test('sleeping takes at least its time', async () => {
  const clock = systemClock();
  const before = clock.now().getTime();
  await clock.sleep(30);
  expect(clock.now().getTime() - before).toBeGreaterThanOrEqual(29);
});
