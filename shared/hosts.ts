import { isIPv4 } from 'node:net';

const hostName = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const mostCharacters = 253;

/** Whether a text in lower case can be the name of a host in the DNS, or an IPv4 address. */
export const isHostName = (host: string) => host.length <= mostCharacters && hostName.test(host);

/**
 * Whether a host in lower case is one of the entries: an exact `host:port`, or a domain, of which `isOf` decides whether
 * the host is one of its.
 */
export function isListedHost(
  host: string,
  port: number,
  entries: readonly string[],
  isOf: (domain: string) => boolean,
): boolean {
  if (!isHostName(host)) return false;
  return entries.some((entry) => {
    const [listed = '', listedPort] = entry.toLowerCase().split(':');
    return listedPort === undefined ? isOf(listed) : host === listed && port === Number(listedPort);
  });
}

/** Whether what is sent to this host, as a URL has it, stays on this machine. */
export function isLoopbackHost(host: string): boolean {
  return /^(localhost|::1|\[::1\])$/.test(host) || (isIPv4(host) && host.startsWith('127.'));
}
