import { createHash } from 'node:crypto';
import type { UnreadableText } from '../../ports/failure-ledger.ts';
import { orNothing } from './document-table.ts';
import type { StorageAccount } from './storage-account.ts';
import { storageCall } from './storage-call.ts';

/** Name of the container with text of failure logs that could not be parsed: `<profile>/<blob>/<offset>-<hash>.txt`. */
export const quarantineContainer = 'failure-quarantine';

/** Keeps the text as a blob named after its place and content, so that the same text is kept once. */
export async function quarantineText(
  account: StorageAccount,
  profileId: string,
  { blobName, offset, text }: UnreadableText,
): Promise<void> {
  const container = await account.container(quarantineContainer);
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  // The name of a blob has at most 1024 characters; ours has a place for most of the other's.
  const place = blobName.slice(-800).toWellFormed();
  const blob = container.getBlockBlobClient(`${profileId}/${place}/${offset}-${hash}.txt`);
  await storageCall('quarantine unreadable text', () =>
    blob
      .upload(text, Buffer.byteLength(text), {
        conditions: { ifNoneMatch: '*' },
        blobHTTPHeaders: { blobContentType: 'text/plain; charset=utf-8' },
      })
      .catch(orNothing(409)),
  );
}
