import {
  type TelemetryEventData,
  type TelemetryEventName,
  type TelemetryMetricName,
  type TelemetryMetricProperties,
  telemetryEvents,
  telemetryMetrics,
} from '../../ports/telemetry.ts';

/** The event's texts and numbers apart, and nothing but those that its entry in `telemetryEvents` names. */
export function eventParts<Name extends TelemetryEventName>(name: Name, data: TelemetryEventData<Name>) {
  const { properties, measurements } = telemetryEvents[name];
  return { properties: only<string>(properties, data), measurements: only<number>(measurements, data) };
}

/** The metric's value and texts, and of these nothing but those that its entry in `telemetryMetrics` names. */
export function metricParts<Name extends TelemetryMetricName>(
  name: Name,
  value: number,
  properties: TelemetryMetricProperties<Name>,
) {
  return { value, properties: only<string>(telemetryMetrics[name].properties, properties) };
}

function only<T>(names: readonly string[], of: Readonly<Record<string, string | number>>): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, of[name] as T]));
}
