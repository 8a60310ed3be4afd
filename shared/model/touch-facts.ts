import { z } from 'zod';
import { orAbsent } from './or-absent.ts';

export const touchFactsSchema = z.object({
  organizationId: z.string(),
  /** Whether writing a row's own value moved the row's version; of which table, and when (ISO 8601) that was seen. */
  selfTest: orAbsent(z.object({ movesVersion: z.boolean(), table: z.string(), testedAt: z.string() })),
  /** When Dataverse last refused to keep a write from plug-ins (ISO 8601). */
  quietRefusedAt: orAbsent(z.string()),
  /** From when on nobody has taken a turn to write yet (ISO 8601). */
  freeFrom: orAbsent(z.string()),
});

/** What is known of re-touching rows of one organization, and who writes when. */
export type TouchFacts = Readonly<z.infer<typeof touchFactsSchema>>;

/** Of an organization in which no row was re-touched yet. */
export function newTouchFacts(organizationId: string): TouchFacts {
  return { organizationId, selfTest: undefined, quietRefusedAt: undefined, freeFrom: undefined };
}
