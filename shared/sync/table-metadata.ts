import type { TableDefinition } from '../model/table-schema.ts';
import type { Dataverse } from '../ports/dataverse.ts';
import type { Destination } from '../ports/destination.ts';
import { type MetadataReading, metadataRows } from '../schema/metadata-rows.ts';

/**
 * Brings the table's rows of the metadata tables up to date, unless the destination holds them as of this version of the
 * organization's metadata. `definition` was read at `reading.version` or later: what changed since then is read again, because
 * the mark is older than it. An organization that tells no version is read each time.
 */
export async function followMetadata(
  definition: TableDefinition,
  reading: MetadataReading,
  dataverse: Dataverse,
  destination: Destination,
): Promise<void> {
  const { version, hasUserLabels } = reading;
  const mark = version === undefined ? undefined : `${version}${hasUserLabels ? ' with user labels' : ''}`;
  if (mark !== undefined && (await destination.metadataMark(definition.logicalName)) === mark) return;
  const optionSets = await dataverse.optionSets(definition);
  const metadata = metadataRows(definition, optionSets, reading);
  await destination.writeMetadata({ ...metadata, ...(mark !== undefined && { mark }) });
}
