import { canBecome, type Failure, type FailureState } from '../model/failure.ts';
import type { AutomationPorts } from './automation-ports.ts';
import { type Become, become } from './failure-life.ts';
import { inParallel } from './in-parallel.ts';
import type { FailureStep } from './next-steps.ts';

/**
 * Takes each step whose failure still is as it was seen, and tells of rows that were given up.
 * Returns the failures that this call moved, as they are now; others were moved by somebody else meanwhile.
 */
export async function applySteps(
  profileId: string,
  steps: readonly FailureStep[],
  ports: AutomationPorts,
): Promise<readonly Failure[]> {
  const moved: Failure[] = [];
  await inParallel(steps, 8, async ({ failure, become: change }) => {
    const after = await applyStep(profileId, failure, change, ports);
    if (after) moved.push(after);
  });
  tellAbandoned(profileId, moved, ports);
  return moved;
}

const detour = { state: 'waiting' } as const;
const detourFrom: readonly FailureState[] = ['new', 'needs-attention', 'ignored'];

async function applyStep(profileId: string, seen: Failure, change: Become, ports: AutomationPorts) {
  // A new failure, or one that a person takes up again, is moved by way of `waiting`, as every life goes through it.
  const { state, note } = change;
  const isDetour = state && !canBecome(seen.state, state) && detourFrom.includes(seen.state);
  if (!isDetour) return move(profileId, seen, change, ports);
  const first = await move(profileId, seen, note === undefined ? detour : { ...detour, note }, ports);
  return first && move(profileId, first, change, ports);
}

async function move(profileId: string, seen: Failure, change: Become, ports: AutomationPorts) {
  let isMoved = false;
  const after = await ports.ledger.update(profileId, seen.id, (stored) => {
    isMoved =
      stored.state === seen.state &&
      stored.changedAt === seen.changedAt &&
      stored.retouchedAt === seen.retouchedAt;
    return isMoved ? become(stored, change, ports.clock.now()) : undefined;
  });
  return isMoved ? after : undefined;
}

function tellAbandoned(profileId: string, moved: readonly Failure[], ports: AutomationPorts): void {
  const abandoned = moved.filter(({ state }) => state === 'needs-attention');
  for (const failures of Map.groupBy(abandoned, ({ entity, cause }) => `${entity}|${cause}`).values()) {
    const [first] = failures;
    if (!first) continue;
    const since = Math.min(
      ...failures.map((failure) => Date.parse(failure.notificationTime ?? failure.ingestedAt)),
    );
    ports.telemetry.event('automation.row.abandoned', {
      profileId,
      table: first.entity,
      cause: first.cause,
      rows: new Set(failures.map(({ recordId }) => recordId)).size,
      attempts: Math.max(...failures.map(({ attempts }) => attempts)),
      seconds: (ports.clock.now().getTime() - since) / 1000,
    });
  }
}
