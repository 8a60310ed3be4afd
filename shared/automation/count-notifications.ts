import type { ExportedProfile } from '../ports/exporter-api.ts';
import type { FailureBlob } from '../ports/failure-blobs.ts';
import type { AutomationPorts } from './automation-ports.ts';

/** DES: other names are told as one, because the names of events' properties and their values are few. */
const folders = ['data', 'metadata', 'unprocessablemessages'];

function folderOf({ name }: FailureBlob): string {
  const [folder = ''] = name.toLowerCase().split('/');
  return folders.includes(folder) ? folder : 'other';
}

/**
 * Counts blobs that hold notifications and no log, each write of each once; again after a crash between the event and the
 * watermark. They hold rows, so they stay where they are and nothing of them is copied: the blob is the evidence.
 */
export async function countNotifications(
  { id: profileId, name: profileName }: ExportedProfile,
  blobs: readonly FailureBlob[],
  ports: AutomationPorts,
): Promise<void> {
  if (blobs.length === 0) return;
  for (const [folder, found] of Map.groupBy(blobs, folderOf))
    ports.telemetry.event('automation.notification.found', {
      ...{ profileId, profileName, folder },
      blobs: found.length,
      bytes: found.reduce((sum, { length }) => sum + length, 0),
    });
  const watermarks = blobs.map(({ name: blobName, length: offset, etag }) => ({
    ...{ blobName, offset, etag },
    head: '',
  }));
  await ports.ledger.setWatermarks(profileId, watermarks);
}
