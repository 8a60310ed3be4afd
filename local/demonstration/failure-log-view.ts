import { ContainerClient } from '@azure/storage-blob';

/** The lines of the failure log that are about these rows, read through the link that the app hands out. */
export async function readFailureLog(
  link: string,
  recordIds: ReadonlySet<string>,
): Promise<readonly string[]> {
  const container = new ContainerClient(link);
  const lines: string[] = [];
  for await (const { name } of container.listBlobsFlat({ prefix: 'failurelog/' })) {
    const text = (await container.getBlobClient(name).downloadToBuffer()).toString();
    for (const line of text.split('\n')) {
      const recordId = /RecordId: ([0-9a-f-]{36})/i.exec(line)?.[1]?.toLowerCase();
      if (recordId && recordIds.has(recordId)) lines.push(line);
    }
  }
  return lines;
}
