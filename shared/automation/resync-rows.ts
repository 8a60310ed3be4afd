import type { RetouchRowItem } from '../model/work-item.ts';
import type { AutomationPorts } from './automation-ports.ts';
import { rowsAtOnce } from './failures-of-rows.ts';
import { inParallel } from './in-parallel.ts';
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
  await ports.exporter.resync(profileId, table, rows.left());
  await inParallel(found, rowsAtOnce, (row) => {
    const retouchedVersion = String(row.versionnumber);
    const asked = { retouchedAt, retouchedVersion, note: 'The exporter was asked for it again.' };
    return rows.settle(String(row[primaryId]).toLowerCase(), 'resynced', () => asked);
  });
  for (const id of rows.left()) {
    const deleted = {
      retouchedAt,
      note: 'It is gone in Dataverse, and the exporter was asked to delete it.',
    };
    if (rows.isDelete(id)) await rows.settle(id, 'resynced', () => deleted);
    else await rows.settle(id, 'gone', () => ({ state: 'gone', note: 'The row was deleted in Dataverse.' }));
  }
}
