/** Findings are few, so that their texts may be told, too: those of the time when they opened, or became an error. */
const aboutFinding = {
  properties: [
    ...(['findingId', 'kind', 'profileId', 'profileName', 'table', 'severity'] as const),
    ...(['since', 'story', 'whatToDo'] as const),
  ],
  measurements: ['seconds', 'occurrences', 'flaps'],
} as const;

/**
 * Every event this program emits: when, with the names of its properties (text, low cardinality) and measurements (numbers).
 * Alert queries are checked against this list: properties arrive in `customDimensions`, measurements as numbers in
 * `customMeasurements`. `docs/telemetry.md` is made from it.
 */
export const telemetryEvents = {
  'sync.table.synced': {
    when: 'A turn of a table wrote, deleted or rejected rows.',
    properties: ['profileId', 'table', 'phase'],
    measurements: ['pages', 'writtenRows', 'deletedRows', 'rejectedRows', 'milliseconds'],
  },
  'sync.incident.opened': {
    when: 'A table waits, because its source or destination is not available: at once where a person has to act, else once that lasts.',
    properties: ['profileId', 'table', 'code'],
    measurements: [],
  },
  'sync.incident.closed': {
    when: 'The table goes on; `seconds` since it waited.',
    properties: ['profileId', 'table', 'code'],
    measurements: ['seconds'],
  },
  'sync.row.abandoned': {
    when: 'Rejected rows were tried as often as the profile says, and went to the failure log.',
    properties: ['profileId', 'table', 'code'],
    measurements: ['rows'],
  },
  'sync.table.nudged': {
    when: 'A webhook of Dataverse made a turn begin sooner.',
    properties: ['profileId', 'table'],
    measurements: [],
  },
  'sync.table.compared': {
    when: 'Rows of a table were compared with Dataverse. Of those that differ for certain: missing in the destination, surplus there, older, newer.',
    properties: ['profileId', 'table'],
    measurements: ['rows', 'missingRows', 'surplusRows', 'olderRows', 'newerRows'],
  },
  'sync.turn.recovered': {
    when: 'The turn of a table was lost and sent again.',
    properties: ['profileId', 'table'],
    measurements: ['overdueSeconds'],
  },
  'timer.run.completed': {
    when: 'A timer came to the end of a run.',
    properties: ['timer'],
    measurements: [],
  },
  'queue.message.poisoned': {
    when: 'A message was given up after several tries.',
    properties: ['queue'],
    measurements: [],
  },
  'automation.profile.polled': {
    when: 'The status of a profile was recorded.',
    properties: ['profileId', 'profileName', 'state'],
    measurements: ['tables', 'tablesInitiallySynced', 'successCount', 'failureCount'],
  },
  'automation.failure.ingested': {
    when: 'New failures of a failure log are in the ledger; one event a table and cause.',
    properties: ['profileId', 'profileName', 'table', 'cause'],
    measurements: ['failures'],
  },
  'automation.text.quarantined': {
    when: 'Pieces of a failure log could not be read.',
    properties: ['profileId', 'profileName'],
    measurements: ['pieces'],
  },
  'automation.notification.found': {
    when: 'A folder of an exporter that holds no failures has new blobs.',
    properties: ['profileId', 'profileName', 'folder'],
    measurements: ['blobs', 'bytes'],
  },
  'automation.finding.opened': {
    when: 'A health finding opened, or came back within an hour of its end.',
    ...aboutFinding,
  },
  'automation.finding.seen': {
    when: 'Each look at the health, for each finding that is open; `seconds` since it opened.',
    ...aboutFinding,
  },
  'automation.finding.closed': { when: 'A health finding ended.', ...aboutFinding },
  'automation.record.purged': {
    when: 'Records were deleted because their time was over.',
    properties: ['kind'],
    measurements: ['records'],
  },
  'automation.touch.tested': {
    when: 'A self-test showed whether a re-touch moves the version of a row.',
    properties: ['organizationId', 'table', 'outcome'],
    measurements: [],
  },
  'automation.row.retouched': {
    when: 'Failed rows were re-touched, or why not (`outcome`).',
    properties: ['profileId', 'table', 'outcome'],
    measurements: ['rows'],
  },
  'automation.row.healed': {
    when: 'Failed rows arrived; `seconds` since they were re-touched.',
    properties: ['profileId', 'table', 'cause'],
    measurements: ['rows', 'seconds'],
  },
  'automation.row.abandoned': {
    when: 'Failed rows need attention from now on; `seconds` since the first failed.',
    properties: ['profileId', 'table', 'cause'],
    measurements: ['rows', 'attempts', 'seconds'],
  },
  'automation.ticket.told': {
    when: 'A ticket was told of a finding or of an operation.',
    properties: ['system', 'outcome'],
    measurements: [],
  },
  'automation.ticket.abandoned': {
    when: 'Telling a ticket was given up.',
    properties: ['system', 'about', 'code'],
    measurements: ['attempts'],
  },
  'automation.operation.completed': {
    when: 'An operation ended; `seconds` since it was requested.',
    properties: ['kind', 'state'],
    measurements: ['seconds', 'rows'],
  },
} as const satisfies Record<
  string,
  { when: string; properties: readonly string[]; measurements: readonly string[] }
>;

const ofProfile = ['profileId', 'profileName'] as const;

/**
 * Every number this program tells on a regular basis, never negative: its unit, its properties (text, low cardinality), and
 * what it means. `docs/telemetry.md` is made from it.
 */
export const telemetryMetrics = {
  'automation.profile.lag': {
    unit: 'seconds',
    properties: ofProfile,
    meaning:
      'How long a change of the slowest table has waited, or at most may have: an idle table is asked every `DELTA_MAX_INTERVAL_SECONDS`. Of another exporter 0 unless a change is newer than its last export. Absent while nobody can tell.',
  },
  'automation.profile.failures': {
    unit: 'rows',
    properties: ofProfile,
    meaning:
      'Rows that failed and are not healed, those that need attention among them. Of more than 100,000 at least that.',
  },
  'automation.profile.attention': {
    unit: 'rows',
    properties: ofProfile,
    meaning: 'Rows of them that need attention: they are not written again by themselves.',
  },
  'automation.profile.findings': {
    unit: 'findings',
    properties: ofProfile,
    meaning: 'Health findings that are open after the look.',
  },
} as const satisfies Record<string, { unit: string; properties: readonly string[]; meaning: string }>;

export type TelemetryEventName = keyof typeof telemetryEvents;

/** The properties and measurements of one event, each of them required. */
export type TelemetryEventData<Name extends TelemetryEventName> = Readonly<
  Record<(typeof telemetryEvents)[Name]['properties'][number], string> &
    Record<(typeof telemetryEvents)[Name]['measurements'][number], number>
>;

export type TelemetryMetricName = keyof typeof telemetryMetrics;

/** The properties of one metric, each of them required. */
export type TelemetryMetricProperties<Name extends TelemetryMetricName> = Readonly<
  Record<(typeof telemetryMetrics)[Name]['properties'][number], string>
>;

/** Events for alerts, and metrics for charts. Emitting never fails and never waits. */
export interface Telemetry {
  event<Name extends TelemetryEventName>(name: Name, data: TelemetryEventData<Name>): void;
  /** `value` is in the unit that the table says, zero or more. */
  metric<Name extends TelemetryMetricName>(
    name: Name,
    value: number,
    properties: TelemetryMetricProperties<Name>,
  ): void;
}
