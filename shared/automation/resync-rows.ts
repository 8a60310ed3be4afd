import type { RetouchRowItem } from '../model/work-item.ts';
import type { AutomationPorts } from './automation-ports.ts';
import { notExported } from './failure-life.ts';
import type { RowOutcomes } from './row-outcomes.ts';

/**
 * Has these rows of one table, which is exported, read and exported again, and settles each: what the destination must reach
 * is the version that they have now. Of a row that is gone, its delete is owed to the destination.
 */
export async function resyncRows(
  { organizationId, profileId, table }: RetouchRowItem,
  rows: RowOutcomes,
  ports: AutomationPorts,
): Promise<void> {
  const dataverse = await ports.organizations.dataverse(organizationId);
  const { logicalName, entitySetName, primaryId } = await dataverse.tableDefinition(table);
  const query = {
    table: { logicalName, entitySetName, primaryId },
    columns: ['versionnumber'],
    hasAnnotations: false,
  };
  const retouchedAt = ports.clock.now().toISOString();
  const found = await dataverse.readRows(query, rows.left());
  const isAsked = await ports.exporter.resync(profileId, table, rows.left());
  if (!isAsked) return rows.settleRest('postponed', rows.putBack(notExported));
  const versionOf = new Map(
    found.map((row) => [String(row[primaryId]).toLowerCase(), String(row.versionnumber)]),
  );
  await rows.settle([...versionOf.keys()], 'resynced', ({ recordId = '' }) => ({
    retouchedAt,
    retouchedVersion: versionOf.get(recordId),
    note: 'The exporter was asked for it again.',
  }));
  const isGone = (id: string) => !rows.isDelete(id);
  await rows.settle(rows.left().filter(isGone), 'gone', () => ({
    state: 'gone',
    note: 'The row was deleted in Dataverse.',
  }));
  await rows.settleRest('resynced', () => ({
    retouchedAt,
    note: 'It is gone in Dataverse, and the exporter was asked to delete it.',
  }));
}
