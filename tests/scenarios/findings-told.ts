import { readFileSync } from 'node:fs';

/** What an app has told telemetry of a kind of health finding, in order and without repetitions. */
export function findingsTold(telemetryFile: string, kind: string): string[] {
  const told = readFileSync(telemetryFile, 'utf8')
    .split('\n')
    .filter((line) => line.includes(`"kind":"${kind}"`))
    .flatMap((line) => /automation\.finding\.(\w+)/.exec(line)?.[1] ?? []);
  return told.filter((what, index) => what !== told[index - 1]);
}
