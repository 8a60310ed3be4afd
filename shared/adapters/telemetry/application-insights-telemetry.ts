import type { TelemetryClient } from 'applicationinsights';
import type { Log } from '../../ports/log.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { eventParts, metricParts } from './telemetry-parts.ts';

/** An Entra token credential, as the SDKs of Azure take it. */
export type TelemetryCredential = NonNullable<TelemetryClient['config']['aadTokenCredential']>;

/**
 * Sends events to Application Insights, where they are rows of `customEvents`, and metrics, which are rows of
 * `customMetrics`. The package (some 1,700 files) is loaded at the first of them. It has providers of its own, so it patches
 * no other module and collects nothing by itself: the Functions host sends requests, dependencies and logs already. Trouble
 * is logged once and never reaches the caller.
 *
 * `trackEvent` of version 3.17 hands `measurements` through to the envelope: they arrive in `customMeasurements`.
 * Its `trackMetric` records into a histogram that is sent every minute: one row for all values of a metric with the same
 * properties, as their count, sum, least and greatest. Negative values are dropped.
 */
export function applicationInsightsTelemetry(
  connectionString: string,
  log: Log,
  credential?: TelemetryCredential,
): Telemetry & { flush(): Promise<void> } {
  let client: Promise<TelemetryClient | undefined> | undefined;

  async function connect(): Promise<TelemetryClient | undefined> {
    try {
      const { TelemetryClient } = await import('applicationinsights');
      const made = new TelemetryClient(connectionString, { useGlobalProviders: false });
      if (credential) made.config.aadTokenCredential = credential;
      made.initialize();
      return made;
    } catch (error) {
      const reason = error instanceof Error ? error.name : 'unknown';
      log.warn(
        `Cannot send telemetry: Application Insights could not be set up (${reason}); what is told is lost.`,
      );
      return undefined;
    }
  }

  function send(track: (connected: TelemetryClient) => void): void {
    client ??= connect();
    // The client reports its own trouble to OpenTelemetry's diagnostics and tries again by itself.
    void client.then((connected) => connected && track(connected)).catch(() => {});
  }

  return {
    event(name, data) {
      send((connected) => connected.trackEvent({ name, ...eventParts(name, data) }));
    },
    metric(name, value, properties) {
      send((connected) => connected.trackMetric({ name, ...metricParts(name, value, properties) }));
    },
    flush: async () => {
      await (await client)?.flush();
    },
  };
}
