import type { HealthCondition, HealthKind } from '../../model/health-finding.ts';
import { namedBy } from '../../model/status-snapshot.ts';
import type { ExportedTable } from '../../ports/exporter-api.ts';
import { causes } from '../causes.ts';
import {
  daySeconds,
  type Evidence,
  type Look,
  secondsFrom,
  type TableEvidence,
  type TableFailures,
} from './evidence.ts';
import { countText, durationText, momentText, quoted } from './words.ts';

/** Checks of each table of an active profile. Each tells what it has looked at; nothing where nobody could tell. */
export const tableChecks: readonly ((evidence: Evidence, of: TableEvidence) => readonly Look[])[] = [
  initialSyncStuck,
  standingStill,
  lagOverLimit,
  tokenAgeing,
  countsDrift,
  rowsDrift,
];

const look = (kind: HealthKind, { table }: TableEvidence, condition?: HealthCondition): Look[] => [
  { kind, table: table.name, condition },
];

/** Whether a table has had its initial sync, with or without failures. */
export const isLoaded = ({ initialSyncState }: ExportedTable) => initialSyncState.startsWith('Completed');

/** So many at once are no single row that heals by itself in a minute. */
const burst = 10;

/**
 * Of all profiles, also inactive ones: what has failed has failed. The ledger decides; where it knows of nothing, what the
 * exporter counts, which may be healed by the next look.
 */
export function failuresGrowing({ failures, tables, profile, now }: Evidence): readonly Look[] {
  const kind = 'failures-growing';
  if (failures === undefined) return [];
  const newOf = new Map(tables.map(({ table, newFailures }) => [table.name, newFailures]));
  const names = new Set([...newOf.keys(), ...[...failures.keys()].filter(namedBy(profile))]);
  return [...names].map((table): Look => {
    const failed = failures.get(table);
    if (failed) return { kind, table, condition: failing(table, failed) };
    const count = newOf.get(table) ?? 0;
    if (count <= 0) return { kind, table };
    const condition: HealthCondition = {
      severity: 'error',
      message: `The exporter counts ${countText(count, 'failure')} of table ${quoted(table)} more than at the last look, ${momentText(now)}.`,
      whatToDo: `Read the failure log of profile ${quoted(profile.name)}: its entries have not reached the ledger yet.`,
    };
    return { kind, table, condition };
  });
}

function failing(table: string, { rows, isAtLeast, cause, since, givenUp }: TableFailures): HealthCondition {
  const { cure, retouch } = causes[cause];
  const count = `${isAtLeast ? 'At least ' : ''}${countText(rows, 'row')}`;
  const later =
    retouch === 'when-a-probe-passes'
      ? 'Then the rows are written again by themselves.'
      : 'Rows that were changed are exported again by themselves.';
  const left = givenUp === 0 ? '' : ` ${givenUp} of them were given up and must be changed in Dataverse.`;
  return {
    severity: 'error',
    message: `${count} of table ${quoted(table)} could not be written since ${momentText(since)}; the cause is ${cause}.${left}`,
    whatToDo: `${cure} ${later}`,
    isCertain: rows >= burst,
  };
}

function initialSyncStuck({ now, limits }: Evidence, of: TableEvidence): readonly Look[] {
  const kind = 'initial-sync-stuck';
  const seconds = secondsFrom(of.stillSince, now);
  const isStuck = of.table.initialSyncState === 'InProgress' && seconds > limits.initialSyncStallSeconds;
  if (!isStuck) return look(kind, of);
  return look(kind, of, {
    severity: 'error',
    message: `The initial sync of table ${quoted(of.table.name)} has made no progress for ${durationText(seconds)}, at ${countText(of.table.successCount, 'row')}.`,
    whatToDo:
      "Run the profile's test and read the app's log for the table; activate the profile again if both are silent.",
    isCertain: true,
  });
}

/** A change that waits longer than allowed; `hasMoved`: the table has done something since the change was made. */
function late({ now, limits }: Evidence, { waiting, stillSince }: TableEvidence) {
  if (waiting === undefined || waiting === 'nothing') return undefined;
  const seconds = secondsFrom(waiting.changedAt, now);
  if (seconds <= limits.lagSeconds) return undefined;
  return { ...waiting, seconds, hasMoved: stillSince > waiting.changedAt };
}

function standingStill(evidence: Evidence, of: TableEvidence): readonly Look[] {
  const kind = 'standing-still';
  if (of.waiting === undefined) return [];
  const change = late(evidence, of);
  if (!change || change.hasMoved) return look(kind, of);
  return look(kind, of, {
    severity: 'error',
    message: `Table ${quoted(of.table.name)} stands still: a change made ${momentText(change.changedAt)} has not been exported for ${durationText(change.seconds)}.`,
    whatToDo:
      "Run the profile's test and read the app's log for the table; if nothing is wrong, activate the profile again.",
  });
}

/** Only of exporters that tell up to when all is exported: of others nobody knows whether a change has arrived. */
function lagOverLimit(evidence: Evidence, of: TableEvidence): readonly Look[] {
  const kind = 'lag-over-limit';
  if (of.waiting === undefined || !('syncedAt' in of.table)) return [];
  const change = late(evidence, of);
  if (!change?.hasMoved) return look(kind, of);
  return look(kind, of, {
    severity: 'warning',
    message: `Table ${quoted(of.table.name)} lags by ${durationText(change.seconds)}; the limit is ${durationText(evidence.limits.lagSeconds)}.`,
    whatToDo:
      'See what slows the exporter: throttling by Dataverse, a busy database, or a large load of another table.',
  });
}

function tokenAgeing({ now, tokenDays }: Evidence, of: TableEvidence): readonly Look[] {
  const kind = 'token-ageing';
  const { syncedAt } = of.table;
  if (syncedAt === undefined || !isLoaded(of.table)) return [];
  const age = secondsFrom(syncedAt, now);
  const lifeShare = age / (tokenDays * daySeconds);
  if (lifeShare <= 0.5) return look(kind, of);
  return look(kind, of, {
    severity: lifeShare > 0.8 ? 'error' : 'warning',
    message: `The delta token of table ${quoted(of.table.name)} is ${durationText(age)} old and ends at ${countText(tokenDays, 'day')}; then the table is loaded anew.`,
    whatToDo: "Cure what keeps the table from being exported; the profile's test and the app's log name it.",
    isCertain: true,
  });
}

function countsDrift(_evidence: Evidence, of: TableEvidence): readonly Look[] {
  const kind = 'counts-drift';
  if (of.counts === undefined) return [];
  const { source, destination, allowed } = of.counts;
  const drift = Math.abs(source - destination);
  if (drift <= allowed) return look(kind, of);
  return look(kind, of, {
    severity: 'warning',
    message: `Table ${quoted(of.table.name)} has ${countText(source, 'row')} in Dataverse and ${destination} in the destination: ${drift} apart, where at most ${allowed} are explained.`,
    whatToDo:
      'See whether somebody else writes to the reporting table; then load it again in place: POST profiles/{id}/resync with Scope Entity.',
  });
}

/** Of an exporter that compares rows with the source. */
function rowsDrift(_evidence: Evidence, of: TableEvidence): readonly Look[] {
  const kind = 'rows-drift';
  const { name, drift } = of.table;
  if (drift === undefined) return look(kind, of);
  const { rows, since, ids, newerRows } = drift;
  const named = `${rows > ids.length ? 'among them ' : ''}${ids.join(', ')}`;
  const isLeft = newerRows > 0;
  return look(kind, of, {
    severity: isLeft ? 'error' : 'warning',
    message: `${countText(rows, 'row')} of table ${quoted(name)} differed from Dataverse since ${momentText(since)}: ${named}.`,
    whatToDo: isLeft
      ? 'Rows are newer than in Dataverse, as after a restore of the organization, and were left as they are: load the table again in place with POST profiles/{id}/resync and Scope Entity.'
      : 'They are exported again by themselves. See whether somebody else writes to the reporting table.',
    isCertain: true,
  });
}
