import { z } from 'zod';
import { healthKinds } from './health-finding.ts';
import { orAbsent } from './or-absent.ts';

const tableNotesSchema = z.object({
  /** How much the table had done, and since when it is no more. */
  progress: z.object({ count: z.number(), since: z.string() }),
  failureCount: z.number(),
  /** The newest change of the source: its version, and when it happened or was first seen. */
  newest: orAbsent(z.object({ version: z.string(), changedAt: z.string() })),
  /** When the source was asked for it. */
  askedAt: orAbsent(z.string()),
  counted: orAbsent(
    z.object({
      at: z.string(),
      progress: z.number(),
      /** The progress at the count before that, against which it was judged. */
      before: orAbsent(z.number()),
      hasDrifted: z.boolean(),
    }),
  ),
});

/** What the looks at one profile remember for the next one. Dates are ISO 8601 in UTC. */
export const healthNotesSchema = z.object({
  profileId: z.string(),
  seenAt: z.string(),
  /** When it was last seen active. */
  activeAt: orAbsent(z.string()),
  testedAt: orAbsent(z.string()),
  /** When the end of its secret was asked for. */
  secretAskedAt: orAbsent(z.string()),
  /** The life of a delta token (days), and when the organization was asked for it. */
  tokenDays: orAbsent(z.number()),
  tokenAskedAt: orAbsent(z.string()),
  /** What one look has seen. */
  suspected: z
    .array(z.object({ kind: z.enum(healthKinds), table: orAbsent(z.string()) }).readonly())
    .readonly(),
  tables: z.record(z.string(), tableNotesSchema.readonly()).readonly(),
});
export type TableNotes = Readonly<z.infer<typeof tableNotesSchema>>;
export type HealthNotes = Readonly<z.infer<typeof healthNotesSchema>>;
