import type { Row } from '../model/change.ts';
import type { TouchFacts } from '../model/touch-facts.ts';
import type { Dataverse } from '../ports/dataverse.ts';
import type { AutomationOptions, AutomationPorts } from './automation-ports.ts';
import { secondsAfter } from './failure-life.ts';
import { type Touch, type TouchOutcome, versionOf } from './touch-row.ts';

/** Why no row of an organization can be healed by a re-touch, and what can be done instead. */
const movesNothing =
  "Writing a row's own value does not move its version in this organization, so it is not exported again: change the row, or let the exporter load it again.";

/** Why no row of the organization can be re-touched, as far as a self-test has shown that lately; else undefined. */
export function impossibleBy(facts: TouchFacts, now: Date, options: AutomationOptions): string | undefined {
  return resultOf(facts, now, options) === false ? movesNothing : undefined;
}

/**
 * Judges re-touches of one table: each row that was written must have moved its version, or no re-touch is one. Where that
 * was not shown lately, the first row is read once more for it, and what it shows is kept for all instances. A row that
 * somebody else changed, or deleted, shows nothing. Gives why no row of the organization can be re-touched; else undefined.
 */
export function selfTest(
  touch: Touch,
  dataverse: Dataverse,
  facts: TouchFacts,
  ports: AutomationPorts,
): (row: Row, outcome: TouchOutcome) => Promise<string | undefined> {
  const { table } = touch.query;
  let isShown = resultOf(facts, ports.clock.now(), ports.options) === true;
  return async (row, outcome) => {
    if (outcome.kind !== 'written') return undefined;
    let movesVersion = BigInt(outcome.version) > BigInt(versionOf(row, touch));
    if (movesVersion) {
      if (isShown) return undefined;
      const [later] = await dataverse.readRows(touch.query, [String(row[table.primaryId])]);
      if (!later) return undefined;
      movesVersion = BigInt(versionOf(later, touch)) >= BigInt(outcome.version);
    }
    await keepResult(facts.organizationId, movesVersion, table.logicalName, ports);
    isShown = movesVersion;
    return movesVersion ? undefined : movesNothing;
  };
}

async function keepResult(
  organizationId: string,
  movesVersion: boolean,
  table: string,
  { touchFacts, telemetry, clock, log }: AutomationPorts,
): Promise<void> {
  const selfTest = { movesVersion, table, testedAt: clock.now().toISOString() };
  await touchFacts.update(organizationId, (facts) => ({ ...facts, selfTest }));
  const outcome = movesVersion ? 'moves' : 'moves-nothing';
  telemetry.event('automation.touch.tested', { organizationId, table, outcome });
  if (!movesVersion) log.error(`No row of organization "${organizationId}" is re-touched: ${movesNothing}`);
}

/** A row that was written did not arrive: the next one that is written is a self-test again. */
export async function doubtSelfTest(organizationId: string, { touchFacts }: AutomationPorts): Promise<void> {
  await touchFacts.update(organizationId, (facts) =>
    facts.selfTest?.movesVersion ? { ...facts, selfTest: undefined } : undefined,
  );
}

function resultOf({ selfTest }: TouchFacts, now: Date, { selfTestDays }: AutomationOptions) {
  const isOld =
    selfTest && secondsAfter(new Date(selfTest.testedAt), selfTestDays * 86_400) <= now.toISOString();
  return isOld ? undefined : selfTest?.movesVersion;
}
