import { z } from 'zod';
import type { ChangeType } from './change.ts';
import { orAbsent } from './or-absent.ts';

/** One entry of a failure log, with the members that the old service gave it. */
export interface FailureEntry {
  /** Logical name of the table. */
  readonly entity: string;
  /** Lower-case guid; undefined for `N/A`: the failure concerns the whole table. */
  readonly recordId: string | undefined;
  /** ISO 8601 in whole seconds of UTC; undefined when the log has none. */
  readonly notificationTime: string | undefined;
  /** As written; the old service's words are those of `ChangeType`. */
  readonly changeType: ChangeType | (string & {});
  readonly reason: string;
}

export const failureCauses = [
  'destination-full',
  'destination-unreachable',
  'timeout-or-deadlock',
  'text-too-long',
  'row-too-wide',
  'number-out-of-range',
  'date-out-of-range',
  'missing-object',
  'object-exists',
  'constraint',
  'permission',
  'source',
  'unknown',
] as const;
export type FailureCause = (typeof failureCauses)[number];

/**
 * The life of a failure. `waiting`: for the cause to go, or for its turn; `retouching`: written again or about to be, not
 * yet seen; then `healed`, `gone` (row deleted meanwhile), or back to `waiting`, at last
 * `needs-attention`; `ignored`: a person said so.
 */
export const failureStates = [
  'waiting',
  'retouching',
  'healed',
  'gone',
  'needs-attention',
  'ignored',
] as const;
export type FailureState = (typeof failureStates)[number];

const nextStates: Record<FailureState, readonly FailureState[]> = {
  waiting: ['retouching', 'healed', 'needs-attention', 'ignored'],
  retouching: ['healed', 'gone', 'waiting', 'needs-attention', 'ignored'],
  healed: [],
  gone: [],
  'needs-attention': ['waiting', 'retouching', 'ignored'],
  ignored: ['waiting', 'retouching'],
};

/** Whether a failure may go from one state to another. */
export function canBecome(from: FailureState, to: FailureState): boolean {
  return nextStates[from].includes(to);
}

/** Failures that something still has to happen to. */
export function isOpen(state: FailureState): boolean {
  return state === 'waiting' || state === 'retouching';
}

/** What a reason blames, as far as it names it. */
export interface FailureFields {
  readonly column?: string | undefined;
  /** The most that the column or the row may hold. */
  readonly length?: number | undefined;
  readonly constraint?: string | undefined;
  /** A table, schema, database or whatever else the destination names. */
  readonly object?: string | undefined;
}

/** One failure in the ledger. Dates are ISO 8601 in UTC. */
export interface Failure extends FailureEntry {
  /** Derived from the entry, so that reading an entry twice changes nothing. */
  readonly id: string;
  readonly profileId: string;
  readonly organizationId: string;
  readonly cause: FailureCause;
  /** Of an unknown cause: what the reason says, whichever row it says it of. Those with the same one are a group. */
  readonly pattern: string | undefined;
  /** Undefined also for failures that an older version has stored. */
  readonly fields: FailureFields | undefined;
  readonly state: FailureState;
  /** How often the row was re-touched for this failure. */
  readonly attempts: number;
  /** Not to be re-touched before. */
  readonly nextAttemptAt: string | undefined;
  /** When the row was last re-touched; undefined again while the next re-touch is on its way. */
  readonly retouchedAt: string | undefined;
  /** Row version after the last re-touch, a decimal text: the destination must reach it. */
  readonly retouchedVersion: string | undefined;
  readonly ingestedAt: string;
  /** When `state` last changed, and why in a sentence. */
  readonly changedAt: string;
  readonly note: string;
  /** The steps of its life, the oldest first; of a long life the latest. Left out of lists. */
  readonly history: readonly FailureTransition[];
}

/** A step of a failure's life: when it was taken, and why in a sentence. */
export type FailureTransition = Readonly<z.infer<typeof transitionSchema>>;

/** An older version knew a state before `waiting`. */
const stateSchema = z.preprocess((state) => (state === 'new' ? 'waiting' : state), z.enum(failureStates));

const transitionSchema = z.object({ at: z.string(), state: stateSchema, note: z.string() });

const fieldsSchema = z.object({
  column: z.string().optional(),
  length: z.int().optional(),
  constraint: z.string().optional(),
  object: z.string().optional(),
});

/** A failure as it is stored. */
export const failureSchema: z.ZodType<Failure> = z.object({
  entity: z.string(),
  recordId: orAbsent(z.string()),
  notificationTime: orAbsent(z.string()),
  changeType: z.string(),
  reason: z.string(),
  id: z.string(),
  profileId: z.string(),
  organizationId: z.string(),
  cause: z.enum(failureCauses),
  pattern: orAbsent(z.string()),
  fields: orAbsent(fieldsSchema),
  state: stateSchema,
  attempts: z.int(),
  nextAttemptAt: orAbsent(z.string()),
  retouchedAt: orAbsent(z.string()),
  retouchedVersion: orAbsent(z.string()),
  ingestedAt: z.string(),
  changedAt: z.string(),
  note: z.string(),
  // Absent from failures that an older version has stored.
  history: z.array(transitionSchema).default([]),
});
