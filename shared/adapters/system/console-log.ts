import type { Log } from '../../ports/log.ts';

/** Log on the console, where the Functions host takes it up: one line a call, whatever the text holds. */
export function consoleLog(): Log {
  const oneLine = (line: string) =>
    line
      .split(/[\r\n]+/)
      .map((part) => part.trim())
      .join(' | ');
  return {
    info: (line) => console.info(`INFO ${oneLine(line)}`),
    warn: (line) => console.warn(`WARN ${oneLine(line)}`),
    error: (line) => console.error(`ERROR ${oneLine(line)}`),
  };
}
