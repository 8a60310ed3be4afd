import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { openServerCertificate } from '../../local/keyvault/certificate.ts';
import { applicationInsightsTelemetry } from '../../shared/adapters/telemetry/application-insights-telemetry.ts';
import { fileTelemetry } from '../../shared/adapters/telemetry/file-telemetry.ts';
import { telemetryOf } from '../../shared/adapters/telemetry/telemetry-of.ts';

const folder = mkdtempSync(join(tmpdir(), 'telemetry-'));
afterAll(() => rmSync(folder, { recursive: true }));

const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
const noCredential = { getToken: async () => null };
const healed = { profileId: 'p', table: 'account', cause: 'unknown', rows: 3, seconds: 4.5 };
const parts = {
  properties: { profileId: 'p', table: 'account', cause: 'unknown' },
  measurements: { rows: 3, seconds: 4.5 },
};

const whose = { profileId: 'p', profileName: 'Sales' };

/** What is sent to Application Insights, as far as it is looked at. */
interface Envelope {
  readonly data: {
    readonly baseType: string;
    readonly baseData: {
      readonly properties?: Record<string, string>;
      readonly metrics?: readonly Record<string, string | number>[];
    };
  };
}

/** The lines of a file, once there are so many. */
function linesOf(path: string, count: number) {
  return vi.waitFor(() => {
    const read = readFileSync(path, 'utf8').trim().split('\n');
    expect(read).toHaveLength(count);
    return read.map((line) => JSON.parse(line));
  }, 10_000);
}

describe('telemetry to a file', () => {
  it('is a line an event, in order', async () => {
    const path = join(folder, 'events.jsonl');
    const telemetry = fileTelemetry(path, log);
    for (const rows of [1, 2, 3]) telemetry.event('automation.row.healed', { ...healed, rows });
    const lines = await linesOf(path, 3);
    expect(lines.map(({ measurements }) => measurements.rows)).toEqual([1, 2, 3]);
    expect(lines[2]).toEqual({ time: expect.any(String), name: 'automation.row.healed', ...parts });
  });

  it('is a line a metric with its value, and nothing that the table does not name', async () => {
    const path = join(folder, 'metrics.jsonl');
    const telemetry = telemetryOf({ TELEMETRY_FILE: path }, noCredential, log);
    telemetry.metric('automation.profile.lag', 4.5, { ...whose, table: 'account' } as typeof whose);
    telemetry.event('automation.row.healed', healed);
    const [metric, event] = await linesOf(path, 2);
    expect(metric).toEqual({
      ...{ time: expect.any(String), name: 'automation.profile.lag', value: 4.5, properties: whose },
    });
    expect(event).not.toHaveProperty('value');
  });

  it('is nothing where no setting names a target', () => {
    const telemetry = telemetryOf({}, noCredential, log);
    telemetry.metric('automation.profile.lag', 1, whose);
    telemetry.event('automation.row.healed', healed);
  });

  it('never fails, and tells once that it cannot be written', async () => {
    const telemetry = fileTelemetry(join(folder, 'missing', 'events.jsonl'), log);
    telemetry.event('automation.row.healed', healed);
    telemetry.metric('automation.profile.lag', 1, whose);
    await vi.waitFor(() => expect(log.warn).toHaveBeenCalled(), 10_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(log.warn).toHaveBeenCalledTimes(1);
  });
});

describe('telemetry to Application Insights', () => {
  it('arrives as custom events with their measurements, and as one custom metric for the values of a minute', async () => {
    vi.stubEnv('APPLICATION_INSIGHTS_NO_STATSBEAT', 'true');
    const received: Envelope[] = [];
    // The package sends over https only.
    const { cert, key, caFile } = openServerCertificate(folder);
    setDefaultCACertificates([...getCACertificates('default'), readFileSync(caFile, 'utf8')]);
    const server = createServer({ cert, key }, async (request, response) => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece);
      const body = Buffer.concat(pieces);
      const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
      received.push(...JSON.parse(text.toString()));
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ itemsReceived: 1, itemsAccepted: 1, errors: [] }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const instrumentationKey = '00000000-0000-4000-8000-000000000001';
    const telemetry = applicationInsightsTelemetry(
      `InstrumentationKey=${instrumentationKey};IngestionEndpoint=https://127.0.0.1:${port}/`,
      log,
    );
    telemetry.event('automation.row.healed', healed);
    for (const lag of [30, 12.5, 0]) telemetry.metric('automation.profile.lag', lag, whose);
    telemetry.metric('automation.profile.lag', 7, { ...whose, profileId: 'q' });
    telemetry.metric('automation.profile.findings', 2, whose);
    await telemetry.flush();
    await vi.waitFor(
      () =>
        expect(received).toContainEqual(
          expect.objectContaining({
            data: {
              baseType: 'EventData',
              baseData: expect.objectContaining({ name: 'automation.row.healed', ...parts }),
            },
          }),
        ),
      10_000,
    );
    // What was sent is not told again by the next minute.
    telemetry.metric('automation.profile.attention', 4, whose);
    await telemetry.flush();
    const sent = () =>
      received.flatMap(({ data: { baseType, baseData } }) =>
        baseType === 'MetricData' ? [{ ...baseData.metrics?.[0], of: baseData.properties?.profileId }] : [],
      );
    await vi.waitFor(() => expect(sent()).toHaveLength(4), 10_000);
    const one = (value: number) => ({ value, count: 1, min: value, max: value });
    expect(sent()).toMatchObject([
      { name: 'automation.profile.lag', of: 'p', value: 42.5, count: 3, min: 0, max: 30 },
      { name: 'automation.profile.lag', of: 'q', ...one(7) },
      { name: 'automation.profile.findings', of: 'p', ...one(2) },
      { name: 'automation.profile.attention', of: 'p', ...one(4) },
    ]);
    expect(received.at(-1)?.data.baseData.properties).toEqual(whose);
    server.close();
    server.closeAllConnections();
  });
});
