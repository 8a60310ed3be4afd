import { isHostName, isListedHost } from '../../hosts.ts';

/** A secret's address taken apart; `vaultUrl` is an origin. */
export interface SecretAddress {
  readonly vaultUrl: string;
  readonly name: string;
  readonly version?: string;
}

const form = 'https://<vault>.vault.azure.net/secrets/<name>[/<version>]';
const parts = /^https:\/\/([^/?#@:\\\s]+)(?::(\d+))?(\/[^?#\s]*)?$/i;
const path = /^\/secrets\/([0-9A-Za-z-]{1,127})(?:\/([0-9a-fA-F]{32}))?\/?$/;

/**
 * Takes an address apart, by its text and not by a URL parser, which would repair what must be refused. `hosts` are parent
 * domains (`vault.azure.net`: any host below it, port 443) or exact `host:port` entries. DES: `:443` and a trailing slash
 * are taken, since old clients send both.
 */
export function secretAddress(
  address: string,
  hosts: readonly string[],
): SecretAddress | { readonly problems: readonly string[] } {
  const [matched, host = '', port = '443', pathName = ''] = parts.exec(address) ?? [];
  if (matched === undefined) return { problems: formProblems(address) };
  const lowerHost = host.toLowerCase();
  const problems: string[] = [];
  if (!isAllowed(lowerHost, port, hosts)) {
    // What is no name of a host may be anything that was pasted here by mistake.
    const where =
      isHostName(lowerHost) && port.length <= 5
        ? `The host "${lowerHost}${port === '443' ? '' : `:${port}`}"`
        : 'The host';
    problems.push(`${where} is no allowed vault: it must be below or equal to ${hosts.join(', ')}.`);
  }
  const [, name, version] = path.exec(pathName) ?? [];
  if (name === undefined)
    problems.push(
      'The path must be /secrets/<name> or /secrets/<name>/<version>, with a version of 32 hexadecimal digits.',
    );
  if (problems.length > 0 || name === undefined) return { problems };
  const vaultUrl = `https://${lowerHost}${port === '443' ? '' : `:${port}`}`;
  return version === undefined ? { vaultUrl, name } : { vaultUrl, name, version };
}

const isAllowed = (host: string, port: string, hosts: readonly string[]) =>
  isListedHost(host, Number(port), hosts, (domain) => port === '443' && host.endsWith(`.${domain}`));

function formProblems(address: string): string[] {
  const problems: string[] = [];
  if (!/^https:\/\//i.test(address)) problems.push(`The address must begin with https:// as in ${form}.`);
  if (/\s/.test(address)) problems.push('The address must not hold white space.');
  if (address.includes('?')) problems.push('The address must not hold a query.');
  if (address.includes('#')) problems.push('The address must not hold a fragment.');
  if (/^https?:\/\/[^/?#]*@/i.test(address))
    problems.push('The address must not hold a user name or password.');
  return problems.length > 0 ? problems : [`The address must have the form ${form}.`];
}
