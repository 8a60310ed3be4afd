import type { FailureCause } from '../model/failure.ts';

/** Who removes a cause: whoever runs the exporter and its profiles (us), or the owner of the database or of the source. */
export type Actor = 'us' | 'database-owner' | 'dataverse-administrator';

/**
 * When writing a failed row again makes sense. `when-a-probe-passes`: the cause lies in the destination and may pass by
 * itself, which one row shows for all; `after-a-change`: the row's value, or the column or constraint that refuses it,
 * has to change first; `never`: the table cannot be made or read, which no row of it mends.
 */
export type RetouchTiming = 'when-a-probe-passes' | 'after-a-change' | 'never';

/** What is known of a cause: who acts, what they do in a sentence, and when a row is written again. */
export interface CauseFacts {
  readonly actor: Actor;
  readonly cure: string;
  readonly retouch: RetouchTiming;
}

/** Every cause that a failure can have. */
export const causes: Readonly<Record<FailureCause, CauseFacts>> = {
  'destination-full': {
    actor: 'database-owner',
    cure: 'Free or add space in the destination database.',
    retouch: 'when-a-probe-passes',
  },
  'destination-unreachable': {
    actor: 'database-owner',
    cure: 'Start the destination server, or open its firewall for the exporter.',
    retouch: 'when-a-probe-passes',
  },
  'timeout-or-deadlock': {
    actor: 'database-owner',
    cure: 'Nothing at first; if it stays, find what locks the reporting tables or give the server more power.',
    retouch: 'when-a-probe-passes',
  },
  'text-too-long': {
    actor: 'dataverse-administrator',
    cure: 'Shorten the text in Dataverse, or widen the column: raise its MaxLength in Dataverse.',
    retouch: 'after-a-change',
  },
  'row-too-wide': {
    actor: 'dataverse-administrator',
    cure: 'Shorten the texts of the row, or export fewer columns of the table.',
    retouch: 'after-a-change',
  },
  'number-out-of-range': {
    actor: 'dataverse-administrator',
    cure: 'Correct the number in Dataverse.',
    retouch: 'after-a-change',
  },
  'date-out-of-range': {
    actor: 'dataverse-administrator',
    cure: 'Correct the date in Dataverse.',
    retouch: 'after-a-change',
  },
  'missing-object': {
    actor: 'us',
    cure: 'Restore the missing table, column or database, or let the profile make it by activating it again.',
    retouch: 'when-a-probe-passes',
  },
  'object-exists': {
    actor: 'database-owner',
    cure: 'Rename or drop the object that stands in the way, or give the profile a prefix; then activate it again.',
    retouch: 'never',
  },
  constraint: {
    actor: 'database-owner',
    cure: 'Remove the constraint or trigger from the reporting table.',
    retouch: 'after-a-change',
  },
  permission: {
    actor: 'database-owner',
    cure: "Grant the destination login the permission that the reason names, or correct the login in the profile's secret.",
    retouch: 'when-a-probe-passes',
  },
  source: {
    actor: 'dataverse-administrator',
    cure: "Read the reason: give the exporter's application user the privilege, turn change tracking on for the table, or take a table that was removed out of the profile.",
    retouch: 'never',
  },
  unknown: {
    actor: 'us',
    cure: 'Read the reason; cure it in the destination or in Dataverse.',
    retouch: 'when-a-probe-passes',
  },
};

/** A table that cannot be made or read does not get better by writing one of its rows. */
export function isHealedByRetouch(cause: FailureCause): boolean {
  return causes[cause].retouch !== 'never';
}
