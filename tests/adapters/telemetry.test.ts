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

const folder = mkdtempSync(join(tmpdir(), 'telemetry-'));
afterAll(() => rmSync(folder, { recursive: true }));

const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
const healed = { profileId: 'p', table: 'account', cause: 'unknown', rows: 3, seconds: 4.5 };
const parts = {
  properties: { profileId: 'p', table: 'account', cause: 'unknown' },
  measurements: { rows: 3, seconds: 4.5 },
};

describe('telemetry to a file', () => {
  it('is a line an event, in order', async () => {
    const path = join(folder, 'events.jsonl');
    const telemetry = fileTelemetry(path, log);
    for (const rows of [1, 2, 3]) telemetry.event('automation.row.healed', { ...healed, rows });
    const lines = await vi.waitFor(() => {
      const read = readFileSync(path, 'utf8').trim().split('\n');
      expect(read).toHaveLength(3);
      return read.map((line) => JSON.parse(line));
    }, 10_000);
    expect(lines.map(({ measurements }) => measurements.rows)).toEqual([1, 2, 3]);
    expect(lines[2]).toEqual({ time: expect.any(String), name: 'automation.row.healed', ...parts });
  });

  it('never fails, and tells once that it cannot be written', async () => {
    const telemetry = fileTelemetry(join(folder, 'missing', 'events.jsonl'), log);
    telemetry.event('automation.row.healed', healed);
    telemetry.event('automation.row.healed', healed);
    await vi.waitFor(() => expect(log.warn).toHaveBeenCalled(), 10_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(log.warn).toHaveBeenCalledTimes(1);
  });
});

describe('telemetry to Application Insights', () => {
  it('arrives as a custom event with properties and measurements', async () => {
    vi.stubEnv('APPLICATION_INSIGHTS_NO_STATSBEAT', 'true');
    const received: Record<string, never>[] = [];
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
    server.close();
    server.closeAllConnections();
  });
});
