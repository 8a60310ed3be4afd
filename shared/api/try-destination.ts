import { ServiceError } from '../errors.ts';
import type { Finding } from '../model/finding.ts';
import { asToldTo, exportOf, type Profile } from '../model/profile.ts';
import type { DestinationTable } from '../model/table-schema.ts';
import type { ApiPorts } from './api-ports.ts';
import { listed } from './listed.ts';
import type { Trial } from './trial.ts';

/** A profile or a description of one. */
export type Tried = Pick<Profile, 'organizationId' | 'destination' | 'tables'> & { readonly id?: string };

const occupied = (tables: readonly string[], who: string): Finding => ({
  severity: 'error',
  code: 'DESTINATION_TABLE_CONFLICT',
  message: `Cannot fill ${listed(tables)}: ${who} fills the same tables of this database; another schema or prefix is needed.`,
});

/** It was deleted here, or lives in another deployment: then each would take the tables from the other for ever. */
const ownedByNobodyKnown = (tables: readonly string[]): Finding => ({
  severity: 'warning',
  message: `${listed(tables)} will be taken over and loaded anew: the profile that filled the same tables of this database is none of this deployment; if another deployment still has it, another schema or prefix is needed.`,
});

/** Active profiles that fill the same tables in the same place, whatever secret they reach it by. */
async function ownerFindings(
  { id, organizationId }: Tried,
  owners: ReadonlyMap<string, string>,
  { profiles }: Pick<ApiPorts, 'profiles'>,
): Promise<readonly Finding[]> {
  const tablesOf = Map.groupBy(owners.keys(), (table) => owners.get(table));
  const findings = [...tablesOf].map(async ([ownerId, tables]) => {
    if (ownerId === undefined || ownerId === id) return [];
    const owner = await profiles.get(ownerId);
    if (owner === undefined) return [ownedByNobodyKnown(tables)];
    const filled = tables.filter((table) => exportOf(owner, table) !== undefined);
    return filled.length === 0 ? [] : [occupied(filled, asToldTo(organizationId, owner))];
  });
  return (await Promise.all(findings)).flat();
}

/** What keeps the owners from being told, the test of the destination tells. */
function nobody(error: unknown): ReadonlyMap<string, string> {
  if (error instanceof ServiceError) return new Map();
  throw error;
}

/** Reads the secret afresh, checks its tags and its value, and tries the destination with the tables, once they are known. */
export async function tryDestination(
  profile: Tried,
  tables: Promise<readonly DestinationTable[]>,
  trial: Trial,
  ports: ApiPorts,
): Promise<void> {
  const [destination, shaped] = await Promise.all([
    trial.attempt('read the secret and open the destination', () =>
      ports.destinations.open(profile, { isFresh: true }),
    ),
    tables,
  ]);
  if (destination === undefined) return;
  const opened = 'The secret was read; it is tagged for the organization and holds a connection string.';
  trial.findings.push({ severity: 'ok', message: opened });
  const names = shaped.map(({ name }) => name);
  const [found, owned] = await Promise.all([
    trial.attempt('test the destination', () => destination.test(shaped)),
    trial.attempt('see which profiles fill the tables', async () =>
      ownerFindings(profile, await destination.owners(names).catch(nobody), ports),
    ),
  ]);
  trial.findings.push(...(found ?? []), ...(owned ?? []));
}
