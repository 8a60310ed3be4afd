import type { Failure } from '../model/failure.ts';
import type { AutomationPorts } from './automation-ports.ts';
import { logTrouble } from './each-without-stopping.ts';
import { type FailedRow, failedRows, type Group, groupKey, groupsOf } from './failed-rows.ts';

/** Rows of a group that are tried, and groups of a table; the others have their turn in a later run. */
const rowsTried = 20;
const groupsTried = 20;

/** What a trial of a group has shown: the rows that were tried, and those of them that would arrive now; or its turn is later. */
export type Trial = { readonly tried: ReadonlySet<string>; readonly taken: ReadonlySet<string> } | 'later';

/**
 * Asks the exporter, where it can tell, which waiting rows of each group of a table the destination would take now. It costs a read
 * and a transaction a group, leaves no trace and is no attempt: so a cause that is gone is noticed by the next run. Other rows
 * are tried each minute.
 */
export async function tryGroups(
  profileId: string,
  failures: readonly Failure[],
  ports: AutomationPorts,
): Promise<ReadonlyMap<string, Trial>> {
  const trials = new Map<string, Trial>();
  const groups = [...groupsOf(failedRows(failures))].filter(isTriable);
  const minute = Math.floor(ports.clock.now().getTime() / 60_000);
  const start = groups.length > groupsTried ? (minute * groupsTried) % groups.length : 0;
  for (const [index, group] of [...groups.slice(start), ...groups.slice(0, start)].entries()) {
    const trial = index < groupsTried ? await tryGroup(profileId, group, minute, ports) : 'later';
    if (trial) trials.set(groupKey(group), trial);
  }
  return trials;
}

const waitingOf = ({ rows }: Group) => rows.filter((row) => row.isWaiting);

/** While rows are in flight, these show what is to be known. */
const isTriable = (group: Group) =>
  group.canBeRetouched && waitingOf(group).length > 0 && !group.rows.some((row) => row.isInFlight);

async function tryGroup(
  profileId: string,
  group: Group,
  minute: number,
  { exporter, log }: AutomationPorts,
): Promise<Trial | undefined> {
  const ids = sample(waitingOf(group), minute);
  try {
    const taken = await exporter.wouldTake(profileId, group.table, ids);
    return taken && { tried: new Set(ids), taken };
  } catch (caught) {
    if (!logTrouble(`Trying rows of table "${group.table}"`, caught, log)) throw caught;
    return undefined;
  }
}

function sample(rows: readonly FailedRow[], minute: number): readonly string[] {
  const start = (minute * rowsTried) % rows.length;
  return [...rows.slice(start), ...rows.slice(0, start)]
    .slice(0, rowsTried)
    .flatMap(({ recordId }) => recordId ?? []);
}
