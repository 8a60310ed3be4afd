import { z } from 'zod';
import type { SyncPhase } from './sync-state.ts';

/** Names the state that a writer believes the checkpoint to be in; a write with another state than the stored is refused. */
export interface Turn {
  readonly epoch: number;
  readonly sequence: number;
}

const keyRange = z.object({
  /** The first key, a lower-case guid; absent in the range that begins with the table. */
  from: z.string().exactOptional(),
  /** The page to read next; without it the range has not begun. */
  link: z.string().exactOptional(),
  /** Rows of it that were read: they count no more when it begins anew. */
  rows: z.int().exactOptional(),
  isDone: z.literal(true).exactOptional(),
});
const keyRanges = z.array(keyRange).nonempty();

/** A part of a table that is loaded for itself: from its first key up to that of the range that follows in the list. */
export type KeyRange = Readonly<z.infer<typeof keyRange>>;

const refill = z.object({
  /** Members of the rows' JSON, as the Web API selects them. */
  columns: z.array(z.string()).nonempty().readonly(),
  /** The page to read next; without it the re-read has not begun. */
  link: z.string().exactOptional(),
  /** The organization does not filter by these columns: every row is read. */
  isWhole: z.literal(true).exactOptional(),
});

/** Columns that rows were written without: those that have a value there are read again. */
export type Refill = Readonly<z.infer<typeof refill>>;

/** How a destination stores ranges or a refill: one text, null when there is none. */
export function partText(part: readonly KeyRange[] | Refill | undefined): string | null {
  return part === undefined ? null : JSON.stringify(part);
}

/** The ranges back. None of a text that cannot be read: the table is then loaded in one piece. */
export const rangesOfText = (text: string | null) => partOf<readonly KeyRange[]>(keyRanges, text);

/** The refill back. */
export const refillOfText = (text: string | null) => partOf<Refill>(refill, text);

function partOf<T>(schema: z.ZodType<T>, text: string | null): T | undefined {
  if (text === null) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * How far one table is, stored in the destination beside its rows and moved in the same transaction.
 * A new activation or reload begins a new `epoch`; every page moves `sequence`.
 */
export interface Checkpoint extends Turn {
  readonly table: string;
  readonly profileId: string;
  readonly activation: number;
  readonly phase: SyncPhase;
  /** The page to read next in this phase; without it the phase has just begun. */
  readonly link?: string;
  /** What the load is divided into, in the server's own order of keys: during the identity pass as known so far. */
  readonly ranges?: readonly KeyRange[];
  /** From the identity pass: where the delta begins after the load. */
  readonly deltaLink?: string;
  /** When the current load began (ISO 8601): rows last written before it are swept. */
  readonly loadStartedAt?: string;
  /** True when the table may hold rows that the load will not see. */
  readonly needsSweep: boolean;
  /** Whether a person has asked for the load that is going on. */
  readonly isResync: boolean;
  readonly rowsExpected?: number;
  readonly rowsLoaded: number;
  /** Pages already read in the current identity pass, or applied in the current delta pass. */
  readonly pageInPass: number;
  /** Fingerprint of the columns that the rows were written with; absent before the first row. */
  readonly shape?: string;
  /** What is left to be read again for columns that came later than rows. */
  readonly refill?: Refill;
  readonly successCount: number;
  readonly failureCount: number;
}

/** The members that a step sets; `undefined` clears a member. Counts and sequence move by what was written. */
export type CheckpointAdvance = {
  readonly [K in 'link' | 'ranges' | 'deltaLink' | 'loadStartedAt' | 'rowsExpected' | 'shape' | 'refill']?:
    | Checkpoint[K]
    | undefined;
} & Partial<Pick<Checkpoint, 'phase' | 'needsSweep' | 'isResync' | 'rowsLoaded' | 'pageInPass'>>;
