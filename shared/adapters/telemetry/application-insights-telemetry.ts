import type { TelemetryClient } from 'applicationinsights';
import type { Log } from '../../ports/log.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { eventParts } from './event-parts.ts';

/** An Entra token credential, as the SDKs of Azure take it. */
export type TelemetryCredential = NonNullable<TelemetryClient['config']['aadTokenCredential']>;

/**
 * Sends events to Application Insights, where they are rows of `customEvents`. The package (some 1,700 files) is loaded
 * at the first event. It has providers of its own, so it patches no other module and collects nothing by itself: the
 * Functions host sends requests, dependencies and logs already. Trouble is logged once and never reaches the caller.
 *
 * `trackEvent` of version 3.17 hands `measurements` through to the envelope: they arrive in `customMeasurements`.
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
        `Cannot send telemetry: Application Insights could not be set up (${reason}); events are lost.`,
      );
      return undefined;
    }
  }

  return {
    event(name, data) {
      client ??= connect();
      // The client reports its own trouble to OpenTelemetry's diagnostics and tries again by itself.
      void client
        .then((connected) => connected?.trackEvent({ name, ...eventParts(name, data) }))
        .catch(() => {});
    },
    flush: async () => {
      await (await client)?.flush();
    },
  };
}
