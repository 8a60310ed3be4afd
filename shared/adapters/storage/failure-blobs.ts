import { ContainerClient } from '@azure/storage-blob';
import { ServiceError } from '../../errors.ts';
import { isLoopbackHost } from '../../hosts.ts';
import type { FailureBlobs } from '../../ports/failure-blobs.ts';
import type { StorageAccount } from './storage-account.ts';
import { storageCall } from './storage-call.ts';

/** `otherHosts`: hosts beside the account's own that links may lead to (`name[:port]`), for a foreign exporter. */
export function failureBlobs(
  account: Pick<StorageAccount, 'blobs'>,
  { otherHosts = [] }: { readonly otherHosts?: readonly string[] } = {},
): FailureBlobs {
  const hosts = [new URL(account.blobs.url).host, ...otherHosts];
  const open = (link: string) => new ContainerClient(checkedLink(link, hosts));

  return {
    async *list(link, prefix) {
      const blobs = open(link).listBlobsFlat({ prefix });
      while (true) {
        const next = await storageCall('list a failure log', () => blobs.next());
        if (next.done) return;
        const { name, properties } = next.value;
        yield { name, length: properties.contentLength ?? 0, etag: properties.etag };
      }
    },
    async *read(link, blob, offset) {
      const count = blob.length - offset;
      if (count <= 0) return;
      const reading = `read "${blob.name}" of a failure log`;
      const client = open(link).getBlobClient(blob.name);
      const answer = await storageCall(reading, () =>
        client.download(offset, count, { maxRetryRequests: 3 }),
      );
      const pieces = (answer.readableStreamBody as AsyncIterable<Buffer> | undefined)?.[
        Symbol.asyncIterator
      ]();
      while (pieces) {
        const next = await storageCall(reading, () => pieces.next());
        if (next.done) return;
        yield next.value;
      }
    },
  };
}

/** The link, if its server is an expected one: whoever answers for an exporter must not send us elsewhere. */
function checkedLink(link: string, hosts: readonly string[]): string {
  const url = URL.canParse(link) ? new URL(link) : undefined;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname));
  if (isSafe && hosts.includes(url.host)) return link;
  throw new ServiceError(
    'EXPORTER_ANSWER_UNREADABLE',
    `Cannot read a failure log: its link leads to ${url ? `"${url.origin}"` : 'no URL'}; allowed: https and ${hosts.join(', ')}.`,
  );
}
