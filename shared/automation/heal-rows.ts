import { asServiceError } from '../errors.ts';
import type { RetouchRowItem } from '../model/work-item.ts';
import type { AutomationPorts } from './automation-ports.ts';
import { logTrouble } from './each-without-stopping.ts';
import { notExported } from './failure-life.ts';
import { resyncRows } from './resync-rows.ts';
import { isOfNoRow, type RowOutcomes, refused } from './row-outcomes.ts';
import { touchRows } from './touch-rows.ts';

/** Whether rows of the profile are exported again without being written in Dataverse. A dry run tells what would be written. */
export async function isResynced(
  profileId: string,
  { exporter, options }: Pick<AutomationPorts, 'exporter' | 'options'>,
): Promise<boolean> {
  return options.isResyncPreferred && !options.isRetouchDryRun && (await exporter.canResync(profileId));
}

/** Has these rows of one table exported again, by the exporter itself or by writing them, and settles each. */
export async function healRows(
  item: RetouchRowItem,
  rows: RowOutcomes,
  ports: AutomationPorts,
): Promise<void> {
  try {
    if (!(await ports.exporter.exports(item.profileId, item.table)))
      await rows.settleRest('postponed', rows.putBack(notExported));
    else if (await isResynced(item.profileId, ports)) await resyncRows(item, rows, ports);
    else await touchRows(item, rows, ports);
  } catch (caught) {
    if (!logTrouble(`Re-touching rows of table "${item.table}"`, caught, ports.log)) throw caught;
    const error = asServiceError(caught);
    const note = `Could not be written again yet. ${error.message}`;
    await rows.settleRest(
      'postponed',
      isOfNoRow(error) ? rows.putBack(note, error.retryAfterSeconds) : refused(error, ports),
    );
  } finally {
    rows.tell();
  }
}
