import type { ExportedProfile } from '../ports/exporter-api.ts';
import type { FailureBlob } from '../ports/failure-blobs.ts';
import type { Watermark } from '../ports/failure-ledger.ts';
import type { AutomationPorts } from './automation-ports.ts';
import { forEachProfile } from './for-each-profile.ts';
import { ingestBlob } from './ingest-blob.ts';
import { reportTrouble } from './report-trouble.ts';

const folder = 'failurelog/';

/**
 * Puts what is new in every profile's failure log into the ledger, each entry once, in constant memory. A blob or profile
 * that cannot be read does not stop the others and is read by the next run.
 */
export async function ingestFailures(ports: AutomationPorts): Promise<void> {
  await forEachProfile('The failure log', ports, async (profile) => {
    const link = await ports.exporter.failureLink(profile.id);
    const watermarks = await ports.ledger.watermarks(profile.id);
    for await (const blob of ports.failureBlobs.list(link, folder))
      await ingestNew(profile, link, blob, watermarks.get(blob.name), ports);
  });
}

async function ingestNew(
  profile: ExportedProfile,
  link: string,
  blob: FailureBlob,
  watermark: Watermark | undefined,
  ports: AutomationPorts,
): Promise<void> {
  const offset = firstNewByte(blob, watermark);
  if (offset === undefined) return;
  try {
    await ingestBlob({ profile, link, blob, offset }, ports);
  } catch (error) {
    reportTrouble(`Blob "${blob.name}" of profile "${profile.name}" is read later`, error, ports);
  }
}

/** A blob that changed without growing was written anew: it is read from its beginning, which doubles nothing. */
function firstNewByte({ length, etag }: FailureBlob, watermark: Watermark | undefined): number | undefined {
  if (!watermark) return length > 0 ? 0 : undefined;
  if (length > watermark.offset) return watermark.offset;
  return etag === watermark.etag ? undefined : 0;
}
