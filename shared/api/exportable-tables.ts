import type { TableSummary } from '../model/table-schema.ts';
import type { DestinationFinding } from '../ports/destination.ts';

/** DES: activities are exported by their own tables, never by the one that they share. */
const isExcluded = (table: TableSummary) => table.logicalName === 'activitypointer';

/** Whether the table is offered for export: it has change tracking or can have it, and is no relationship. */
export function isExportable(table: TableSummary): boolean {
  return !table.isIntersect && !isExcluded(table) && (table.hasChangeTracking || table.canTrackChanges);
}

/**
 * DES: a table behind a many-to-many relationship is accepted though it is not offered; without change tracking its
 * export ends with a failure entry that says so. `systemusermanagermap` is one such in all but name.
 */
const isRelationship = (table: TableSummary) =>
  table.isIntersect || table.logicalName === 'systemusermanagermap';

function findingOf(name: string, table: TableSummary | undefined): DestinationFinding | undefined {
  if (table === undefined)
    return {
      severity: 'error',
      code: 'TABLE_UNKNOWN',
      message: `table "${name}" does not exist in the organization`,
    };
  if (isRelationship(table)) {
    if (table.hasChangeTracking) return undefined;
    return {
      severity: 'warning',
      message: `table "${name}" has no change tracking and will not be exported`,
    };
  }
  if (!isExportable(table))
    return { severity: 'error', code: 'TABLE_NOT_EXPORTABLE', message: `table "${name}" cannot be exported` };
  if (table.hasChangeTracking) return undefined;
  return {
    severity: 'error',
    code: 'DATAVERSE_TRACKING_OFF',
    message: `table "${name}" has no change tracking; turn it on for the table`,
  };
}

/** What stands in the way of exporting these tables. */
export function tableFindings(
  names: readonly string[],
  tables: readonly TableSummary[],
): readonly DestinationFinding[] {
  const known = new Map(tables.map((table) => [table.logicalName, table]));
  return names.map((name) => findingOf(name, known.get(name))).filter((finding) => finding !== undefined);
}
