import { noProfile } from '../../model/health-finding.ts';
import type { PoisonedMessage } from '../../model/poisoned-message.ts';
import { logTrouble } from '../each-without-stopping.ts';
import { applyLook } from './apply-look.ts';
import type { HealthPorts } from './health-ports.ts';
import { momentText, quoted } from './words.ts';

/** Opens a finding of a message that was given up, or sees it again; it ends when none has followed for an hour. */
export async function tellPoisoned(message: PoisonedMessage, ports: HealthPorts): Promise<void> {
  const { queue, profileId, table } = message;
  const now = ports.clock.now().toISOString();
  const of = table === undefined ? '' : ` of table ${quoted(table)}`;
  const condition = {
    severity: 'error',
    message: `A message${of} in queue ${quoted(queue)} was given up ${momentText(now)}.`,
    whatToDo:
      "Read the log of the queue's function just before, and what the operations guide says of poison-messages.",
    isCertain: true,
  } as const;
  const profile = await profileOf(message, ports);
  const subject = { kind: 'poison-messages', profile, ...(profileId !== undefined && { table }) } as const;
  await applyLook(subject, condition, false, ports);
}

/** By its name as far as the exporter can be asked. */
async function profileOf({ profileId, organizationId = '' }: PoisonedMessage, ports: HealthPorts) {
  if (profileId === undefined) return { id: noProfile, name: 'unknown', organizationId };
  try {
    const known = (await ports.exporter.profiles()).find(({ id }) => id === profileId);
    if (known) return known;
  } catch (error) {
    if (!logTrouble(`Naming profile "${profileId}"`, error, ports.log)) throw error;
  }
  return { id: profileId, name: profileId, organizationId };
}
