import type { Log } from '../../ports/log.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { applicationInsightsTelemetry, type TelemetryCredential } from './application-insights-telemetry.ts';
import { fileTelemetry } from './file-telemetry.ts';

/** Where events and metrics go: to Application Insights, to a file, to both, or nowhere. */
export interface TelemetryTargets {
  readonly APPLICATIONINSIGHTS_CONNECTION_STRING?: string | undefined;
  readonly TELEMETRY_FILE?: string | undefined;
}

/** Telemetry that goes nowhere. */
const noTelemetry: Telemetry = { event() {}, metric() {} };

/** Telemetry to the targets that the settings name. */
export function telemetryOf(
  { APPLICATIONINSIGHTS_CONNECTION_STRING: connectionString, TELEMETRY_FILE: file }: TelemetryTargets,
  credential: TelemetryCredential,
  log: Log,
): Telemetry {
  const targets: Telemetry[] = [];
  if (connectionString) targets.push(applicationInsightsTelemetry(connectionString, log, credential));
  if (file) targets.push(fileTelemetry(file, log));
  if (targets.length === 0) return noTelemetry;
  return {
    event(name, data) {
      for (const target of targets) target.event(name, data);
    },
    metric(name, value, properties) {
      for (const target of targets) target.metric(name, value, properties);
    },
  };
}
