import { ServiceError } from '../errors.ts';
import {
  type Checkpoint,
  type CheckpointAdvance,
  partText,
  rangesOfText,
  refillOfText,
} from '../model/checkpoint.ts';
import type { SyncPhase } from '../model/sync-state.ts';

/** A checkpoint as every database holds it. 64-bit numbers come as text. */
export interface StoredCheckpoint {
  readonly TableName: string;
  readonly ProfileId: string;
  readonly Activation: number;
  readonly Epoch: string;
  readonly Sequence: string;
  readonly Phase: string;
  readonly Link: string | null;
  readonly Ranges: string | null;
  readonly DeltaLink: string | null;
  readonly LoadStartedAt: string | null;
  readonly NeedsSweep: boolean;
  readonly IsResync: boolean | null;
  readonly RowsExpected: string | null;
  readonly RowsLoaded: string;
  readonly PageInPass: number;
  readonly Columns: string | null;
  readonly Refill: string | null;
  readonly SuccessCount: string;
  readonly FailureCount: string;
}

/** The column of each member that a step sets. */
export const columnOfMember = {
  link: 'Link',
  ranges: 'Ranges',
  deltaLink: 'DeltaLink',
  loadStartedAt: 'LoadStartedAt',
  rowsExpected: 'RowsExpected',
  phase: 'Phase',
  needsSweep: 'NeedsSweep',
  isResync: 'IsResync',
  rowsLoaded: 'RowsLoaded',
  pageInPass: 'PageInPass',
  shape: 'Columns',
  refill: 'Refill',
} as const satisfies Record<keyof CheckpointAdvance, keyof StoredCheckpoint>;

/** The members that a step sets, in a fixed order. */
export function membersOf(advance: CheckpointAdvance): (keyof CheckpointAdvance)[] {
  return (Object.keys(columnOfMember) as (keyof CheckpointAdvance)[]).filter((name) => name in advance);
}

/** What a column holds of a member that a step sets. */
export function storedValue(
  advance: CheckpointAdvance,
  member: keyof CheckpointAdvance,
): string | number | boolean | null {
  return member === 'ranges' || member === 'refill' ? partText(advance[member]) : (advance[member] ?? null);
}

/** The port's form of it. */
export function fromStored(row: StoredCheckpoint): Checkpoint {
  const ranges = rangesOfText(row.Ranges);
  const refill = refillOfText(row.Refill);
  return {
    table: row.TableName,
    profileId: row.ProfileId,
    activation: row.Activation,
    epoch: Number(row.Epoch),
    sequence: Number(row.Sequence),
    phase: row.Phase as SyncPhase,
    ...(row.Link !== null && { link: row.Link }),
    ...(ranges !== undefined && { ranges }),
    ...(row.DeltaLink !== null && { deltaLink: row.DeltaLink }),
    ...(row.LoadStartedAt !== null && { loadStartedAt: row.LoadStartedAt }),
    needsSweep: row.NeedsSweep,
    isResync: row.IsResync === true,
    ...(row.RowsExpected !== null && { rowsExpected: Number(row.RowsExpected) }),
    rowsLoaded: Number(row.RowsLoaded),
    pageInPass: row.PageInPass,
    ...(row.Columns !== null && { shape: row.Columns }),
    ...(refill !== undefined && { refill }),
    successCount: Number(row.SuccessCount),
    failureCount: Number(row.FailureCount),
  };
}

/** `DESTINATION_TURN_LOST`. */
export function turnLost(table: string): ServiceError {
  return new ServiceError(
    'DESTINATION_TURN_LOST',
    `Cannot write table "${table}": its checkpoint has moved since it was read; another worker has done this step.`,
  );
}
