import type { Finding } from '../model/finding.ts';
import { comparableName, type Profile } from '../model/profile.ts';
import { prefixedName, systemTables } from '../schema/system-tables.ts';
import { listed } from './listed.ts';
import type { ProfileDescription } from './profile-description.ts';

/** The secret of an address, whatever its version: in any case, as vaults take it, with or without the port that https has anyway. */
export function secretOf(address: string): string {
  if (!URL.canParse(address)) return address;
  const { origin, pathname } = new URL(address);
  return `${origin}/${pathname.toLowerCase().split('/').filter(Boolean).slice(0, 2).join('/')}`;
}

/** Of profiles that the store gives again and again, so that a new profile is soon compared with thousands. */
const knownPlaces = new WeakMap<object, string>();

/** Names of database objects are compared without case: SQL Server's are, and two that differ only so confuse people. */
function placeOf({ destination }: Pick<Profile, 'destination'>): string {
  const { keyVaultUri, schema } = destination;
  const place = knownPlaces.get(destination) ?? `${secretOf(keyVaultUri)}\n${schema.toLowerCase()}`;
  knownPlaces.set(destination, place);
  return place;
}

type Placed = Pick<Profile, 'destination' | 'tables'>;

/** Whether tables under these prefixes can have one name: prefix `sales` with table `x` is no prefix with `sales_x`. */
const canMeet = (one: string, other: string) =>
  one === '' || other === '' || `${one}_`.startsWith(`${other}_`) || `${other}_`.startsWith(`${one}_`);

const wholeNames = (prefix: string, tables: readonly string[]) =>
  tables.map((table) => prefixedName(prefix, table).toLowerCase());

const namesOf = ({ tables }: Placed) => tables.map(({ name }) => name);
const records = Object.values(systemTables);

/**
 * Tells of another profile in the same place the whole names of the tables that both would fill. Profiles with one prefix
 * share the records beside the data.
 */
function tablesSharedWith(one: Placed): (other: Placed) => readonly string[] {
  const prefix = one.destination.prefix.toLowerCase();
  const data = wholeNames(prefix, namesOf(one));
  const all = [...data, ...wholeNames(prefix, records)];
  return (other) => {
    const otherPrefix = other.destination.prefix.toLowerCase();
    if (!canMeet(prefix, otherPrefix)) return [];
    const isSamePrefix = otherPrefix === prefix;
    const begin = prefixedName(otherPrefix, '');
    // There may be thousands of neighbours, so their names are made only where one can be ours.
    const candidates = (isSamePrefix ? data : all).filter((name) => name.startsWith(begin));
    if (candidates.length === 0) return [];
    const names = new Set(wholeNames(otherPrefix, [...namesOf(other), ...(isSamePrefix ? [] : records)]));
    return candidates.filter((name) => names.has(name));
  };
}

/**
 * What the organization's other live profiles stand in the way with: the same name, or the same table of the same
 * destination. Two secrets of one database are told apart here; the owner recorded in the destination is the last word.
 */
export function neighbourFindings(
  description: ProfileDescription,
  others: readonly Profile[],
): readonly Finding[] {
  const place = placeOf(description);
  const name = comparableName(description.name);
  const sharedWith = tablesSharedWith(description);
  return others
    .filter((other) => other.state !== 'deleted')
    .flatMap((other) => {
      const findings: Finding[] = [];
      if (comparableName(other.name) === name)
        findings.push({
          severity: 'error',
          code: 'PROFILE_NAME_TAKEN',
          message: `the name is taken by profile "${other.id}"`,
        });
      if (placeOf(other) !== place) return findings;
      const shared = sharedWith(other);
      if (shared.length > 0)
        findings.push({
          severity: 'error',
          code: 'PROFILE_INVALID',
          message: `profile ${JSON.stringify(other.name)} already fills ${listed(shared)} of the same destination and schema`,
        });
      return findings;
    });
}
