import type { Failure } from '../model/failure.ts';
import type { AutomationPorts } from './automation-ports.ts';
import { become } from './failure-life.ts';
import type { FailureStep } from './next-steps.ts';

/** Neighbours, which cost the ledger little. */
const failuresAtOnce = 100;

/**
 * Takes each step whose failure still is as it was seen, and tells of rows that were given up.
 * Returns the failures that this call moved, as they are now; others were moved by somebody else meanwhile.
 */
export async function applySteps(
  profileId: string,
  steps: readonly FailureStep[],
  ports: AutomationPorts,
): Promise<readonly Failure[]> {
  const stepOf = new Map(steps.map((step) => [step.failure.id, step]));
  const ids = [...stepOf.keys()].sort();
  const moved: Failure[] = [];
  try {
    for (let start = 0; start < ids.length; start += failuresAtOnce) {
      const some = ids.slice(start, start + failuresAtOnce);
      const changed = await ports.ledger.update(profileId, some, (stored) => {
        const step = stepOf.get(stored.id);
        if (!step || !isAsSeen(stored, step.failure)) return undefined;
        return become(stored, step.become, ports.clock.now());
      });
      moved.push(...changed);
    }
  } finally {
    // Also of those that were moved before storage failed: nobody else would.
    tellAbandoned(profileId, moved, ports);
  }
  return moved;
}

function isAsSeen(stored: Failure, seen: Failure): boolean {
  return (
    stored.state === seen.state &&
    stored.changedAt === seen.changedAt &&
    stored.retouchedAt === seen.retouchedAt
  );
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
