import type { FailureBlob } from '../ports/failure-blobs.ts';
import type { Watermark } from '../ports/failure-ledger.ts';
import type { AutomationPorts } from './automation-ports.ts';
import { eachProfile, eachWithoutStopping } from './each-without-stopping.ts';
import { ingestBlob } from './ingest-blob.ts';

const folder = 'failurelog/';

/**
 * Puts what is new in every profile's failure log into the ledger, each entry once, in constant memory. A blob or profile
 * that cannot be read does not stop the others and is read by the next run.
 */
export async function ingestFailures(ports: AutomationPorts): Promise<void> {
  await eachProfile('Reading the failure log', ports, async (profile) => {
    const link = await ports.exporter.failureLink(profile.id);
    const watermarks = await ports.ledger.watermarks(profile.id);
    const blobs = ports.failureBlobs.list(link, folder);
    const doing = (blob: FailureBlob) => `Reading blob "${blob.name}" of profile "${profile.name}"`;
    await eachWithoutStopping(blobs, doing, ports.log, async (blob) => {
      const offset = firstNewByte(blob, watermarks.get(blob.name));
      if (offset !== undefined) await ingestBlob({ profile, link, blob, offset }, ports);
    });
  });
}

/** A blob that changed without growing was written anew: it is read from its beginning, which doubles nothing. */
function firstNewByte({ length, etag }: FailureBlob, watermark: Watermark | undefined): number | undefined {
  if (!watermark) return length > 0 ? 0 : undefined;
  if (length > watermark.offset) return watermark.offset;
  return etag === watermark.etag ? undefined : 0;
}
