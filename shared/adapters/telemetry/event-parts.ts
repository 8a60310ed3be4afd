import { type TelemetryEventData, type TelemetryEventName, telemetryEvents } from '../../ports/telemetry.ts';

/** The event's texts and numbers apart, and nothing but those that its entry in `telemetryEvents` names. */
export function eventParts<Name extends TelemetryEventName>(name: Name, data: TelemetryEventData<Name>) {
  const { properties, measurements } = telemetryEvents[name];
  const values = data as Readonly<Record<string, string | number>>;
  const named = <T>(names: readonly string[]) =>
    Object.fromEntries(names.map((each) => [each, values[each] as T]));
  return { properties: named<string>(properties), measurements: named<number>(measurements) };
}
