import type { Profile } from '../model/profile.ts';
import type { DestinationFinding } from '../ports/destination.ts';
import type { ProfileDescription } from './profile-description.ts';

/** The secret of an address, whatever its version: vault in any case, with or without the port that https has anyway. */
export function secretOf(address: string): string {
  if (!URL.canParse(address)) return address;
  const { origin, pathname } = new URL(address);
  return `${origin}/${pathname.split('/').filter(Boolean).slice(0, 2).join('/')}`;
}

/** Of profiles that the store gives again and again, so that a new profile is soon compared with thousands. */
const knownPlaces = new WeakMap<object, string>();

/** Names of database objects are compared without case: SQL Server's are, and two that differ only so confuse people. */
function placeOf({ destination }: Pick<Profile, 'destination'>): string {
  const { keyVaultUri, schema, prefix } = destination;
  const place =
    knownPlaces.get(destination) ??
    [secretOf(keyVaultUri), schema.toLowerCase(), prefix.toLowerCase()].join('\n');
  knownPlaces.set(destination, place);
  return place;
}

/** A name as it is compared: without case, and the same however its accents are written. */
const folded = (name: string) => name.normalize('NFC').toLowerCase();

/**
 * What the organization's other live profiles stand in the way with: the same name, or the same table of the same
 * destination. Two secrets of one database are told apart here; the owner recorded in the destination is the last word.
 */
export function neighbourFindings(
  description: ProfileDescription,
  others: readonly Profile[],
): readonly DestinationFinding[] {
  const place = placeOf(description);
  const name = folded(description.name);
  return others
    .filter((other) => other.state !== 'deleted')
    .flatMap((other) => {
      const findings: DestinationFinding[] = [];
      if (folded(other.name) === name)
        findings.push({
          severity: 'error',
          code: 'PROFILE_NAME_TAKEN',
          message: `the name is taken by profile "${other.id}"`,
        });
      if (placeOf(other) !== place) return findings;
      const names = new Set(other.tables.map((table) => table.name));
      const shared = description.tables.map((table) => table.name).filter((each) => names.has(each));
      if (shared.length > 0)
        findings.push({
          severity: 'error',
          code: 'PROFILE_INVALID',
          message: `profile "${other.name}" already exports ${shared.join(', ')} to the same destination, schema and prefix`,
        });
      return findings;
    });
}
