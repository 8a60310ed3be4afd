import { hasCode } from '../errors.ts';
import type { Row } from '../model/change.ts';
import type { TouchFacts } from '../model/touch-facts.ts';
import type { Dataverse, KeptQuiet } from '../ports/dataverse.ts';
import type { AutomationPorts } from './automation-ports.ts';
import { secondsAfter } from './failure-life.ts';
import { type Touch, type TouchOutcome, touchRow } from './touch-row.ts';

/** So long after a refusal nobody asks again to keep plug-ins quiet. */
const refusalSeconds = 24 * 3600;

/**
 * Touches rows of one table as quietly as the setting wants and the organization allows. Where Dataverse refuses to keep
 * plug-ins quiet, and takes the same write with them, they run: there is one warning, and no more such request for a day.
 * Keeping flows quiet needs no privilege.
 */
export function quietTouch(
  touch: Touch,
  dataverse: Dataverse,
  facts: TouchFacts,
  ports: AutomationPorts,
): (row: Row) => Promise<TouchOutcome> {
  const wanted: readonly KeptQuiet[] = ports.options.isRetouchQuiet ? ['plug-ins', 'flows'] : [];
  const allowed = wanted.filter((kept) => kept !== 'plug-ins');
  let quiet = wasRefusedLately(facts, ports) ? allowed : wanted;
  return async (row) => {
    try {
      return await touchRow(row, touch, dataverse, quiet);
    } catch (error) {
      if (!quiet.includes('plug-ins') || !hasCode(error, 'DATAVERSE_PRIVILEGE_MISSING')) throw error;
      const outcome = await touchRow(row, touch, dataverse, allowed);
      quiet = allowed;
      await keepRefusal(facts.organizationId, ports);
      return outcome;
    }
  };
}

async function keepRefusal(organizationId: string, ports: AutomationPorts): Promise<void> {
  let isFirst = false;
  await ports.touchFacts.update(organizationId, (facts) => {
    isFirst = !wasRefusedLately(facts, ports);
    return isFirst ? { ...facts, quietRefusedAt: ports.clock.now().toISOString() } : undefined;
  });
  if (isFirst)
    ports.log.warn(
      `Cannot keep re-touches of organization "${organizationId}" from its plug-ins and workflows: Dataverse refused it; the app's application user needs the privilege prvBypassCustomBusinessLogic. They run; tried again in a day.`,
    );
}

function wasRefusedLately({ quietRefusedAt }: TouchFacts, { clock }: AutomationPorts): boolean {
  return quietRefusedAt !== undefined && quietRefusedAt > secondsAfter(clock.now(), -refusalSeconds);
}
