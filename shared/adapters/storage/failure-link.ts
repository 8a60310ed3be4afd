import {
  type ContainerClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  SASProtocol,
} from '@azure/storage-blob';
import { isLoopbackHost } from '../../hosts.ts';
import type { StorageAccount } from './storage-account.ts';
import { storageCall } from './storage-call.ts';

const minute = 60_000;

/**
 * A link that reads and lists the container for 24 hours. It begins five minutes ago, for clocks that differ, and works
 * over https only, except on this machine. Signed by the account's key, or without one by a user delegation key.
 */
export async function signFailureLink(
  account: Pick<StorageAccount, 'blobs' | 'hasIdentity'>,
  container: ContainerClient,
): Promise<string> {
  const now = Date.now();
  const isLocal = isLoopbackHost(new URL(container.url).hostname);
  const terms = {
    permissions: ContainerSASPermissions.parse('rl'),
    startsOn: new Date(now - 5 * minute),
    expiresOn: new Date(now + 24 * 60 * minute),
    protocol: isLocal ? SASProtocol.HttpsAndHttp : SASProtocol.Https,
  };
  return await storageCall(`sign a link to container "${container.containerName}"`, async () => {
    if (!account.hasIdentity) return await container.generateSasUrl(terms);
    const key = await account.blobs.getUserDelegationKey(terms.startsOn, terms.expiresOn);
    const { containerName } = container;
    const query = generateBlobSASQueryParameters({ ...terms, containerName }, key, account.blobs.accountName);
    return `${container.url}?${query}`;
  });
}
