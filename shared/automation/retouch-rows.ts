import type { Failure } from '../model/failure.ts';
import type { RetouchRowItem } from '../model/work-item.ts';
import { applySteps } from './apply-steps.ts';
import type { AutomationPorts } from './automation-ports.ts';
import { afterNoAttempt, type Become } from './failure-life.ts';
import { failuresOfRows } from './failures-of-rows.ts';
import { healRows, isResynced } from './heal-rows.ts';
import { hasMissedTurn, takeTurn } from './retouch-pace.ts';
import { type FailuresByRow, rowOutcomes } from './row-outcomes.ts';

/**
 * Has the rows that are in flight exported again (`healRows`), then sends an item that verifies them. A message that
 * arrives twice or late writes nothing it should not. A row that Dataverse refuses waits again and holds back no other;
 * when Dataverse cannot be asked at all, what is left waits again as if it had not been tried. Only defects, and a storage
 * that is away, throw.
 */
export async function retouchRows(item: RetouchRowItem, ports: AutomationPorts): Promise<void> {
  const inFlight = await failuresInFlight(item, ports);
  const toWrite = new Map(
    [...inFlight].filter(([, failures]) => failures.some((failure) => !failure.retouchedAt)),
  );
  if (toWrite.size > 0 && !(await isPutOff(item, toWrite, ports)))
    await healRows(item, rowOutcomes(item, toWrite, ports), ports);
  await sendVerification(item, ports);
}

const failuresInFlight = (item: RetouchRowItem, ports: AutomationPorts) =>
  failuresOfRows(item, (failures) => failures.filter(({ state }) => state === 'retouching'), ports);

/** Rows that have missed their turn take a new one, so that no more are written at once when an outage is over. */
async function isPutOff(item: RetouchRowItem, rows: FailuresByRow, ports: AutomationPorts): Promise<boolean> {
  const failures = [...rows.values()].flat();
  const now = ports.clock.now();
  if (!hasMissedTurn(failures, now) || (await isResynced(item.profileId, ports))) return false;
  const turn = await takeTurn(item.organizationId, rows.size, ports);
  if (turn && turn <= now) return false;
  const wait: (failure: Failure) => Become = turn
    ? () => ({ nextAttemptAt: turn.toISOString() })
    : ({ attempts }) => afterNoAttempt(attempts, now, ports.options, 'Others are written again before it.');
  await applySteps(
    item.profileId,
    failures.map((failure) => ({ failure, become: wait(failure) })),
    ports,
  );
  if (turn) await ports.queues.retouchRow.send(item, (turn.getTime() - now.getTime()) / 1000);
  return true;
}

/** Rows written by an earlier delivery of the message are sent again too, as it may have died before it sent them. */
async function sendVerification(item: RetouchRowItem, ports: AutomationPorts): Promise<void> {
  const touched = [...(await failuresInFlight(item, ports))].flatMap(([recordId, failures]) =>
    [...new Set(failures.flatMap(({ retouchedAt }) => retouchedAt ?? []))].map((at) => ({ recordId, at })),
  );
  for (const [retouchedAt, rows] of Map.groupBy(touched, ({ at }) => at)) {
    const recordIds = rows.map(({ recordId }) => recordId);
    await ports.queues.verifyRow.send(
      { ...item, recordIds, retouchedAt },
      ports.options.verifyIntervalSeconds,
    );
  }
}
