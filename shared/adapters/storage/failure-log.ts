import type { AppendBlobClient } from '@azure/storage-blob';
import { writeFailureLine } from '../../model/failure-line.ts';
import type { FailureLog } from '../../ports/failure-log.ts';
import { signFailureLink } from './failure-link.ts';
import { purgeBlobs } from './purge-blobs.ts';
import type { StorageAccount } from './storage-account.ts';
import { isRefusal, refusalOf, storageCall } from './storage-call.ts';

/** Name of the container of a profile's failures. */
export function failureContainerName(profileId: string): string {
  return `profile-${profileId.toLowerCase()}`;
}

const megabyte = 1_048_576;

/** `maxFileBytes`: where a log goes on in the next file. */
export function failureLog(
  account: StorageAccount,
  { maxFileBytes = 64 * megabyte }: { readonly maxFileBytes?: number } = {},
): FailureLog {
  /** By profile and folder, the file that this process wrote to last; others are found by walking from the first. */
  const lastFiles = new Map<string, { hour: string; number: number }>();

  const append: FailureLog['append'] = async (profileId, folder, entries, at) => {
    const container = await account.container(failureContainerName(profileId));
    const place = `${profileId}/${folder}`;
    const hour = `${folder}/${at.toISOString().slice(0, 13).replace(/[-T]/g, '/')}`;
    const remembered = lastFiles.get(place);
    let number = remembered?.hour === hour ? remembered.number : 1;
    for (const block of blocksOf(entries.map(writeFailureLine))) {
      await storageCall(`append to the ${folder} of profile "${profileId}"`, async () => {
        while (
          !(await appendBlock(container.getAppendBlobClient(fileName(hour, number)), block, maxFileBytes))
        )
          number += 1;
      });
    }
    lastFiles.set(place, { hour, number });
  };

  return {
    append,
    link: async (profileId) =>
      signFailureLink(account, await account.container(failureContainerName(profileId))),
    async purge(before, isOver) {
      let deleted = 0;
      for await (const { name } of account.blobs.listContainers({ prefix: failureContainerName('') })) {
        if (isOver()) break;
        deleted += await purgeBlobs(account.blobs.getContainerClient(name), before, isOver);
      }
      return deleted;
    },
    remove: (profileId) => account.deleteContainer(failureContainerName(profileId)),
  };
}

const fileName = (hour: string, number: number) => `${hour}/${String(number).padStart(5, '0')}.log`;

/** Lines put together into blocks, because a file has a limit of blocks (50,000) too. */
function blocksOf(lines: readonly string[]): Buffer[] {
  const blocks: Buffer[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const line of lines) {
    const bytes = Buffer.from(line);
    size += bytes.length;
    if (size > megabyte) {
      blocks.push([]);
      size = bytes.length;
    }
    blocks.at(-1)?.push(bytes);
  }
  return blocks.map((block) => Buffer.concat(block));
}

/** False when the file is full, by its size or by its number of blocks. */
async function appendBlock(file: AppendBlobClient, block: Buffer, maxFileBytes: number): Promise<boolean> {
  // A block that is larger than any file may be gets one of its own.
  const maxSize = Math.max(maxFileBytes, block.length);
  const send = () => file.appendBlock(block, block.length, { conditions: { maxSize } });
  try {
    await send().catch(async (error: unknown) => {
      if (!isRefusal(error, 404)) throw error;
      await file.createIfNotExists({ blobHTTPHeaders: { blobContentType: 'text/plain; charset=utf-8' } });
      await send();
    });
    return true;
  } catch (error) {
    const { code } = refusalOf(error);
    if (code === 'BlockCountExceedsLimit' || code === 'MaxBlobSizeConditionNotMet') return false;
    throw error;
  }
}
