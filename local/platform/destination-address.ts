import type { DestinationType } from '../../shared/model/profile.ts';
import { adoPairs } from '../../shared/schema/ado-pairs.ts';

const isServer = (keyword: string) => keyword === 'server' || keyword === 'datasource';

/** Which database `--destination` names: a URL of PostgreSQL, or an ADO.NET connection string; undefined for neither. */
export function destinationTypeOf(destination: string): DestinationType | undefined {
  if (/^postgres(?:ql)?:\/\/\S+$/i.test(destination) && URL.canParse(destination)) return 'PostgreSql';
  if (/^\w+:\/\//.test(destination)) return undefined;
  return adoPairs(destination)?.some(({ keyword }) => isServer(keyword)) ? 'SqlAzure' : undefined;
}

/** The server that `--destination` names, without the login. */
export function destinationHost(destination: string): string {
  if (destinationTypeOf(destination) !== 'SqlAzure') return new URL(destination).host;
  return adoPairs(destination)?.findLast(({ keyword }) => isServer(keyword))?.value ?? '';
}
