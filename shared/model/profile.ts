import { z } from 'zod';

export const profileStates = ['inactive', 'active', 'error', 'deleted'] as const;
export type ProfileState = (typeof profileStates)[number];

export const destinationTypes = ['SqlAzure', 'PostgreSql'] as const;
export type DestinationType = (typeof destinationTypes)[number];

/** An export profile as it is stored. Dates are ISO 8601 in UTC; ids lower-case guids. */
export const profileSchema = z.object({
  id: z.guid(),
  organizationId: z.guid(),
  organizationUrl: z.string(),
  name: z.string(),
  /** Moves only when the profile's document is edited. */
  version: z.int().positive(),
  state: z.enum(profileStates),
  /** How often the profile was activated; work of an earlier activation is void. */
  activation: z.int().nonnegative(),
  destination: z.object({
    type: z.enum(destinationTypes),
    keyVaultUri: z.string(),
    schema: z.string(),
    prefix: z.string(),
  }),
  tables: z.array(z.object({ name: z.string(), settings: z.record(z.string(), z.string()) })),
  retryPolicy: z.object({ maxRetryCount: z.int(), intervalSeconds: z.int() }),
  writeDeleteLog: z.boolean(),
  createdAt: z.string(),
  lastModifiedAt: z.string(),
  activatedAt: z.string().optional(),
  updatedAt: z.string().optional(),
});

export type Profile = Readonly<z.infer<typeof profileSchema>>;
