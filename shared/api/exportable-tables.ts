import type { Finding } from '../model/finding.ts';
import type { Relationship, TableSummary } from '../model/table-schema.ts';
import type { Dataverse } from '../ports/dataverse.ts';

type Tables = ReadonlyMap<string, TableSummary>;

const byName = (tables: readonly TableSummary[]): Tables =>
  new Map(tables.map((table) => [table.logicalName, table]));

const canBeTracked = (table: TableSummary | undefined) =>
  table !== undefined && (table.hasChangeTracking || table.canTrackChanges);

/** DES: activities are exported by their own tables, never by the one that they share. */
const isExcluded = (table: TableSummary) => table.logicalName === 'activitypointer';

/** Whether the table is offered for export: it has change tracking or can have it, and is no relationship. */
export function isExportable(table: TableSummary): boolean {
  return !table.isIntersect && !isExcluded(table) && canBeTracked(table);
}

/** The tables that must be tracked for changes of a relationship to be readable: its own and the two that it joins. */
const tablesOf = ({ intersectName, firstTable, secondTable }: Relationship) => [
  ...new Set([intersectName, firstTable, secondTable]),
];

/** The relationships that are offered for export: their own table and both that they join have change tracking or can have it. */
export function exportableRelationships(
  relationships: readonly Relationship[],
  tables: readonly TableSummary[],
): readonly Relationship[] {
  const known = byName(tables);
  return relationships.filter((relationship) =>
    tablesOf(relationship).every((name) => canBeTracked(known.get(name))),
  );
}

/**
 * DES: a table behind a many-to-many relationship is accepted though it is not offered; without change tracking its
 * export ends with a failure entry that says so. `systemusermanagermap` is one such in all but name.
 */
const isRelationship = (table: TableSummary) =>
  table.isIntersect || table.logicalName === 'systemusermanagermap';

function unknownTable(name: string, relationships: readonly Relationship[]): Finding {
  const relationship = relationships.find((each) => each.name.toLowerCase() === name.toLowerCase());
  const hint =
    relationship === undefined
      ? ''
      : `: it is the name of a relationship; use its table "${relationship.intersectName}"`;
  return {
    severity: 'error',
    code: 'TABLE_UNKNOWN',
    message: `table "${name}" does not exist in the organization${hint}`,
  };
}

function relationshipFinding(
  table: TableSummary,
  relationships: readonly Relationship[],
  tables: Tables,
): Finding | undefined {
  const { logicalName } = table;
  const relationship = relationships.find(({ intersectName }) => intersectName === logicalName);
  const needed = relationship === undefined ? [logicalName] : tablesOf(relationship);
  const untracked = needed.filter((name) => tables.get(name)?.hasChangeTracking !== true);
  if (untracked.length === 0) return undefined;
  const others = untracked.filter((name) => name !== logicalName).map((name) => `"${name}"`);
  const cause = untracked.includes(logicalName)
    ? 'has no change tracking'
    : `joins ${others.join(' and ')}, without change tracking,`;
  return { severity: 'warning', message: `table "${logicalName}" ${cause} and will not be exported` };
}

function tableFinding(table: TableSummary): Finding | undefined {
  const name = table.logicalName;
  if (!isExportable(table))
    return { severity: 'error', code: 'TABLE_NOT_EXPORTABLE', message: `table "${name}" cannot be exported` };
  if (table.hasChangeTracking) return undefined;
  return {
    severity: 'error',
    code: 'DATAVERSE_TRACKING_OFF',
    message: `table "${name}" has no change tracking`,
  };
}

/** What stands in the way of exporting these tables. The relationships are read only where a name asks for it. */
export async function tableFindings(
  names: readonly string[],
  dataverse: Pick<Dataverse, 'tables' | 'relationships'>,
): Promise<readonly Finding[]> {
  const tables = byName(await dataverse.tables());
  const isOrdinary = (name: string) => {
    const table = tables.get(name);
    return table !== undefined && !isRelationship(table);
  };
  const relationships = names.every(isOrdinary) ? [] : await dataverse.relationships();
  return names
    .map((name) => {
      const table = tables.get(name);
      if (table === undefined) return unknownTable(name, relationships);
      return isRelationship(table) ? relationshipFinding(table, relationships, tables) : tableFinding(table);
    })
    .filter((finding) => finding !== undefined);
}
