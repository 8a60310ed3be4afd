import { z } from 'zod';
import { driftSchema } from './comparison.ts';
import { orAbsent } from './or-absent.ts';
import { profileStates } from './profile.ts';

const exportedTableSchema = z.object({
  name: z.string(),
  initialSyncState: z.string(),
  metadataState: z.string(),
  successCount: z.number(),
  failureCount: z.number(),
  lastExportAt: orAbsent(z.string()),
  /** Up to when every change of the source is exported; absent where the exporter cannot tell, or before the first time. */
  syncedAt: z.string().optional(),
  /** Grows with whatever is done for the table, also where nothing is written yet; absent where only the counts tell. */
  progress: z.number().optional(),
  /** Rows that were found to differ from the source, and are not known to be equal again; absent where nobody compares. */
  drift: driftSchema.optional(),
});

const exportedProfileSchema = z.object({
  id: z.string(),
  organizationId: z.string(),
  name: z.string(),
  /** `error`: another exporter says so, or says what is not known. */
  state: z.enum([...profileStates, 'error']),
  retryPolicy: z.object({ maxRetryCount: z.number(), intervalSeconds: z.number() }).readonly(),
  tables: z.array(exportedTableSchema.readonly()).readonly(),
});

export const statusSnapshotSchema = exportedProfileSchema.extend({
  /** ISO 8601 in UTC. */
  seenAt: z.string(),
});

/** One table of a profile, as an exporter reports it. */
export type ExportedTable = Readonly<z.infer<typeof exportedTableSchema>>;

/** One profile with its status, as an exporter reports it. */
export type ExportedProfile = Readonly<z.infer<typeof exportedProfileSchema>>;

/** Tells which tables the profile names, whatever their case. An exporter that names none at all does not tell them. */
export function namedBy({ tables }: ExportedProfile): (table: string) => boolean {
  const names = new Set(tables.map(({ name }) => name.toLowerCase()));
  return (table) => names.size === 0 || names.has(table.toLowerCase());
}

/** A profile's status as it was seen at one time. */
export type StatusSnapshot = Readonly<z.infer<typeof statusSnapshotSchema>>;
