import type { FailureCause } from '../model/failure.ts';

/** What a person does about each cause, in a sentence; the rows are written again by themselves afterwards. */
export const cures: Readonly<Record<FailureCause, string>> = {
  'destination-full': 'Free or add space in the destination database.',
  'destination-unreachable': 'Start the destination server, or open its firewall for the exporter.',
  'timeout-or-deadlock':
    'Nothing at first; if it stays, find what locks the reporting tables or give the server more power.',
  'text-too-long': 'Shorten the text in Dataverse, or widen the column: raise its MaxLength in Dataverse.',
  'row-too-wide': 'Shorten the texts of the row, or export fewer columns of the table.',
  'number-out-of-range': 'Correct the number in Dataverse.',
  'date-out-of-range': 'Correct the date in Dataverse.',
  'missing-object':
    'Restore the missing table, column or database, or let the profile make it by activating it again.',
  'object-exists':
    'Rename or drop the object that stands in the way, or give the profile a prefix; then activate it again.',
  constraint: 'Remove the constraint or trigger from the reporting table.',
  permission:
    "Grant the destination login the permission that the reason names, or correct the login in the profile's secret.",
  source:
    "Read the reason: give the exporter's application user the privilege, or turn change tracking on for the table.",
  unknown: 'Read the reason; cure it in the destination or in Dataverse.',
};
