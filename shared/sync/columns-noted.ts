import type { Checkpoint, CheckpointAdvance } from '../model/checkpoint.ts';
import type { DestinationTable } from '../model/table-schema.ts';
import { columnsBeside, fingerprint } from '../schema/fingerprint.ts';

/**
 * What a step that writes rows with these columns notes in the checkpoint. Where rows were written without some of them, these
 * are to be read again: a server may have told an older metadata version, or the column could not be read before, and then the
 * rows' versions keep its values out. Nothing is to be noted twice, so a worker that still writes without the column does no harm.
 */
export function columnsNoted({ shape, refill }: Checkpoint, target: DestinationTable): CheckpointAdvance {
  const columns = fingerprint(target);
  if (shape === columns) return {};
  const added = shape === undefined ? [] : columnsBeside(shape, target);
  const members = added.flatMap(({ source }) => source?.replace(/@.*$/, '') ?? []);
  const [first, ...others] = new Set([...(refill?.columns ?? []), ...members]);
  if (members.length === 0 || first === undefined) return { shape: columns };
  return { shape: columns, refill: { columns: [first, ...others] } };
}
