import { ContainerClient } from '@azure/storage-blob';
import { ServiceError } from '../../errors.ts';
import { isLoopbackHost } from '../../hosts.ts';
import type { FailureBlobs } from '../../ports/failure-blobs.ts';
import { orNothing } from './document-table.ts';
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
    async *list(link) {
      const blobs = open(link).listBlobsFlat();
      while (true) {
        const next = await storageCall('list a failure log', () => blobs.next());
        if (next.done) return;
        const { name, properties } = next.value;
        yield { name, length: properties.contentLength ?? 0, etag: properties.etag };
      }
    },
    async read(link, blobName, offset, end) {
      if (end <= offset) return undefined;
      const reading = `read "${blobName}" of a failure log`;
      const client = open(link).getBlobClient(blobName);
      const answer = await storageCall(reading, () =>
        client.download(offset, end - offset, { maxRetryRequests: 3 }).catch(orNothing(404, 416)),
      );
      const body = answer?.readableStreamBody as AsyncIterable<Buffer> | undefined;
      // Azure refuses a range that begins behind the end, Azurite answers with nothing.
      return body && answer?.contentLength !== 0 ? piecesOf(body, reading) : undefined;
    },
  };
}

async function* piecesOf(body: AsyncIterable<Buffer>, reading: string): AsyncIterable<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]();
  try {
    while (true) {
      const next = await storageCall(reading, () => pieces.next());
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Who stops early must not leave the rest of a gigabyte on its way.
    await pieces.return?.();
  }
}

/** The link, if it leads to a container of an expected server: whoever answers for an exporter must not send us elsewhere. */
function checkedLink(link: string, hosts: readonly string[]): string {
  const url = URL.canParse(link) ? new URL(link) : undefined;
  const isLocal = url !== undefined && isLoopbackHost(url.hostname);
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal);
  if (!isSafe || !hosts.includes(url.host))
    throw refused(
      `its link leads to ${url ? `"${url.origin}"` : 'no URL'}; allowed: https and ${hosts.join(', ')}`,
    );
  // Storage on this machine has the account's name in the path.
  const [container = '', ...more] = url.pathname.split('/').slice(isLocal ? 2 : 1);
  if (!isContainerName(container) || more.some((step) => step !== ''))
    throw refused('its link leads to no container; expected https://<host>/<container>?<signature>');
  if (!url.searchParams.has('sig')) throw refused('its link has no signature; expected a SAS link');
  return link;
}

/** https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata */
const isContainerName = (name: string) => /^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/.test(name);

const refused = (why: string) =>
  new ServiceError('EXPORTER_ANSWER_UNREADABLE', `Cannot read a failure log: ${why}.`);
