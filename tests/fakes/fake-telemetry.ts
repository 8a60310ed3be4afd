import type { Telemetry, TelemetryEventName, TelemetryMetricName } from '../../shared/ports/telemetry.ts';

/** Telemetry that keeps what it was told, in order. */
export function fakeTelemetry() {
  const events: { name: TelemetryEventName; data: Record<string, string | number> }[] = [];
  const metrics: { name: TelemetryMetricName; value: number; properties: Record<string, string> }[] = [];
  const telemetry: Telemetry = {
    event: (name, data) => void events.push({ name, data: { ...data } }),
    metric: (name, value, properties) => void metrics.push({ name, value, properties: { ...properties } }),
  };
  return { telemetry, events, metrics };
}
