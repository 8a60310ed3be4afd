import type { TableDefinition } from '../model/table-schema.ts';
import type { Dataverse } from '../ports/dataverse.ts';
import type { Destination } from '../ports/destination.ts';
import { isLaterMark, markOf } from '../schema/metadata-mark.ts';
import { type MetadataReading, metadataRows } from '../schema/metadata-rows.ts';

/**
 * Brings the table's rows of the metadata tables up to date, unless the destination holds them as of this version of the
 * organization's metadata or a later one. `definition` was read at `reading.version` or later: what changed since then is read
 * again, because the mark is older than it. An organization that tells no version is read each time.
 */
export async function followMetadata(
  definition: TableDefinition,
  reading: MetadataReading,
  dataverse: Dataverse,
  destination: Destination,
): Promise<void> {
  const { version, hasUserLabels } = reading;
  const { logicalName } = definition;
  const mark = markOf(version, hasUserLabels);
  const stored = await destination.metadataMark(logicalName);
  if (mark !== undefined && stored === mark) return;
  const isOlder = isLaterMark(stored, mark);
  // Another worker has looked later; unless the organization was restored, and counts from an earlier point again.
  if (isOlder && !isLaterMark(stored, await dataverse.metadataVersion())) return;
  const current = isOlder ? await dataverse.tableDefinition(logicalName) : definition;
  const metadata = metadataRows(current, await dataverse.optionSets(current), reading);
  await destination.writeMetadata({
    ...metadata,
    ...(mark !== undefined && { mark }),
    ...(isOlder && stored !== undefined && { replaces: stored }),
  });
}
