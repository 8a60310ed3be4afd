import type { ContainerClient } from '@azure/storage-blob';
import { atMost } from '../../at-most.ts';
import { orNothing } from './document-table.ts';
import { storageCall } from './storage-call.ts';

const deletesAtOnce = 8;

/** Deletes the container's blobs that were last written before this time, until `isOver`; how many. */
export async function purgeBlobs(
  container: ContainerClient,
  before: Date,
  isOver: () => boolean,
): Promise<number> {
  const inTurn = atMost(deletesAtOnce);
  return await storageCall(`purge container "${container.containerName}"`, async () => {
    let deleted = 0;
    for await (const { segment } of container.listBlobsFlat().byPage({ maxPageSize: 1000 })) {
      const old = segment.blobItems.filter(({ properties }) => properties.lastModified < before);
      await Promise.all(
        old.map(({ name, properties }) =>
          inTurn(async () => {
            if (isOver()) return;
            // Somebody who writes to it meanwhile keeps it.
            const conditions = { ifMatch: properties.etag };
            const blob = container.getBlobClient(name);
            if (await blob.delete({ conditions }).catch(orNothing(404, 412))) deleted += 1;
          }),
        ),
      );
      if (isOver()) break;
    }
    return deleted;
  });
}
