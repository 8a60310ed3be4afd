/** Findings are few, so that their texts may be told, too: those of the time when they opened. */
const findingEvent = {
  properties: [
    ...(['findingId', 'kind', 'profileId', 'profileName', 'table', 'severity'] as const),
    ...(['since', 'story', 'whatToDo'] as const),
  ],
  measurements: ['seconds', 'occurrences', 'flaps'],
} as const;

/**
 * Every event this program emits, with the names of its properties (text, low cardinality) and measurements (numbers).
 * Alert queries are checked against this list: properties arrive in `customDimensions`, measurements as numbers in
 * `customMeasurements`.
 */
export const telemetryEvents = {
  'sync.table.synced': {
    properties: ['profileId', 'table', 'phase'],
    measurements: ['pages', 'writtenRows', 'deletedRows', 'rejectedRows', 'milliseconds'],
  },
  'sync.incident.opened': { properties: ['profileId', 'table', 'code'], measurements: [] },
  'sync.incident.closed': { properties: ['profileId', 'table', 'code'], measurements: ['seconds'] },
  'sync.row.abandoned': { properties: ['profileId', 'table', 'code'], measurements: ['rows'] },
  'sync.turn.recovered': { properties: ['profileId', 'table'], measurements: ['overdueSeconds'] },
  'timer.run.completed': { properties: ['timer'], measurements: [] },
  'queue.message.poisoned': { properties: ['queue'], measurements: [] },
  'automation.profile.polled': {
    properties: ['profileId', 'profileName', 'state'],
    measurements: ['tables', 'tablesInitiallySynced', 'successCount', 'failureCount'],
  },
  'automation.failure.ingested': {
    properties: ['profileId', 'profileName', 'table', 'cause'],
    measurements: ['failures'],
  },
  'automation.text.quarantined': { properties: ['profileId', 'profileName'], measurements: ['pieces'] },
  'automation.notification.found': {
    properties: ['profileId', 'profileName', 'folder'],
    measurements: ['blobs', 'bytes'],
  },
  'automation.finding.opened': findingEvent,
  'automation.finding.seen': findingEvent,
  'automation.finding.closed': findingEvent,
  'automation.record.purged': { properties: ['kind'], measurements: ['records'] },
  'automation.touch.tested': { properties: ['organizationId', 'table', 'outcome'], measurements: [] },
  'automation.row.retouched': { properties: ['profileId', 'table', 'outcome'], measurements: ['rows'] },
  'automation.row.healed': { properties: ['profileId', 'table', 'cause'], measurements: ['rows', 'seconds'] },
  'automation.row.abandoned': {
    properties: ['profileId', 'table', 'cause'],
    measurements: ['rows', 'attempts', 'seconds'],
  },
  'automation.ticket.told': { properties: ['system', 'outcome'], measurements: [] },
  'automation.ticket.abandoned': {
    properties: ['system', 'about', 'code'],
    measurements: ['attempts'],
  },
  'automation.operation.completed': { properties: ['kind', 'state'], measurements: ['seconds', 'rows'] },
} as const satisfies Record<string, { properties: readonly string[]; measurements: readonly string[] }>;

export type TelemetryEventName = keyof typeof telemetryEvents;

/** The properties and measurements of one event, each of them required. */
export type TelemetryEventData<Name extends TelemetryEventName> = Readonly<
  Record<(typeof telemetryEvents)[Name]['properties'][number], string> &
    Record<(typeof telemetryEvents)[Name]['measurements'][number], number>
>;

/** Events for alerts and charts. Emitting never fails and never waits. */
export interface Telemetry {
  event<Name extends TelemetryEventName>(name: Name, data: TelemetryEventData<Name>): void;
}
