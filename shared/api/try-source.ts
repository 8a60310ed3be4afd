import type { Profile } from '../model/profile.ts';
import type { DestinationTable } from '../model/table-schema.ts';
import type { Dataverse } from '../ports/dataverse.ts';
import { destinationTable } from '../schema/destination-table.ts';
import type { ApiPorts } from './api-ports.ts';
import { tableFindings } from './exportable-tables.ts';
import { listed } from './listed.ts';
import { requirePrivacyTerms } from './privacy-terms.ts';
import { type Trial, timeLimit } from './trial.ts';

/** Of the time of a whole test; a large profile is tested as far as it was read, rather than not at all. */
const definitionSeconds = 15;

/** A table of which only the name is known. */
const unshaped = (name: string): DestinationTable => ({ name, idSource: '', columns: [] });

/** The tables as the destination is to have them, as far as their definitions could be read in time. */
async function readShapes(
  names: readonly string[],
  dataverse: Dataverse,
  trial: Trial,
  { definitions, clock }: ApiPorts,
): Promise<ReadonlyMap<string, DestinationTable>> {
  const shapes = new Map<string, DestinationTable>();
  const { seconds, signal, isOver } = timeLimit(definitionSeconds, clock);
  await trial.attempt('read the definitions of the tables', async () => {
    const reads = names.map(async (name) => {
      shapes.set(name, destinationTable(await definitions.read(dataverse, name, signal)));
    });
    const outcomes = await Promise.race([Promise.allSettled(reads), isOver]);
    const failed = outcomes?.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
    if (outcomes === undefined)
      trial.findings.push({
        severity: 'warning',
        code: 'PROFILE_TEST_UNFINISHED',
        message: `Cannot compare all tables with the destination's: ${names.length - shapes.size} of ${names.length} definitions were not read in ${seconds} seconds; of these only the names are tested.`,
      });
  });
  return shapes;
}

async function tryTables(
  names: readonly string[],
  dataverse: Dataverse,
  trial: Trial,
  ports: ApiPorts,
): Promise<readonly DestinationTable[]> {
  const known = await trial.attempt('list the tables of the organization', () => dataverse.tables());
  if (known === undefined) return names.map(unshaped);
  const existing = new Set(known.map(({ logicalName }) => logicalName));
  const present = names.filter((name) => existing.has(name));
  const once = { tables: async () => known, relationships: () => dataverse.relationships() };
  const [found, unreadable, shapes] = await Promise.all([
    trial.attempt('see which tables can be exported', () => tableFindings(names, once)),
    trial.attempt('see which tables the app may read', () => dataverse.tablesWithoutRead(present)),
    readShapes(present, dataverse, trial, ports),
  ]);
  trial.findings.push(...(found ?? []));
  if (unreadable !== undefined && unreadable.length > 0)
    trial.findings.push({
      severity: 'error',
      code: 'DATAVERSE_PRIVILEGE_MISSING',
      message: `Cannot read every row of ${listed(unreadable)}: the app's application user lacks read over the whole organization.`,
    });
  if (found?.length === 0 && unreadable?.length === 0)
    trial.findings.push({
      severity: 'ok',
      message: `Dataverse was reached; all ${names.length} tables can be exported and read: ${listed(names)}.`,
    });
  return names.map((name) => shapes.get(name) ?? unshaped(name));
}

/**
 * Tries what the organization has to give: its tables, their change tracking, the app's right to read them, and its consent
 * where that is required. Resolves to the tables as the destination is to have them.
 */
export async function trySource(
  { organizationId, tables }: Pick<Profile, 'organizationId' | 'tables'>,
  trial: Trial,
  ports: ApiPorts,
): Promise<readonly DestinationTable[]> {
  const names = tables.map(({ name }) => name);
  const consent = trial.attempt('see whether the privacy terms were accepted', () =>
    requirePrivacyTerms(organizationId, ports),
  );
  const dataverse = await trial.attempt('find the organization', () =>
    ports.organizations.dataverse(organizationId),
  );
  const shaped =
    dataverse === undefined ? names.map(unshaped) : await tryTables(names, dataverse, trial, ports);
  await consent;
  return shaped;
}
