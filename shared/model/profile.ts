import { z } from 'zod';

/** DES: also had a state `error`; here faults are told of tables, and the profile stays active. */
export const profileStates = ['inactive', 'active', 'deleted'] as const;
export type ProfileState = (typeof profileStates)[number];

export const destinationTypes = ['SqlAzure', 'PostgreSql'] as const;
export type DestinationType = (typeof destinationTypes)[number];

/** `metadata`: only the table itself is made and kept up to date; `all`: also its rows. */
export type ExportScope = 'metadata' | 'all';

const tableExportSchema = z.object({
  table: z.string(),
  /** The activation that asked for it; work of an earlier one is void. */
  activation: z.int().positive(),
  scope: z.enum(['metadata', 'all']),
});

/** What an activation has asked for, of one table. */
export type TableExport = Readonly<z.infer<typeof tableExportSchema>>;

/** An export profile as it is stored. Dates are ISO 8601 in UTC; ids lower-case guids. */
export const profileSchema = z.object({
  id: z.guid(),
  organizationId: z.guid(),
  organizationUrl: z.string(),
  name: z.string(),
  /** Moves only when the profile's document is edited. */
  version: z.int().positive(),
  state: z.enum(profileStates),
  /** Number of the latest activation that had something to do. */
  activation: z.int().nonnegative(),
  /** What is exported while the profile is active; absent: all tables as a whole, by the latest activation. */
  exports: z.array(tableExportSchema).optional(),
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

/** A name as it is compared: without case, and the same however its accents are written. */
export const comparableName = (name: string) => name.normalize('NFC').toLowerCase();

/** How those of an organization are told of a profile: of another's, only that there is one, for they may not see it. */
export const asToldTo = (organizationId: string, profile: Pick<Profile, 'organizationId' | 'name'>) =>
  profile.organizationId === organizationId
    ? `profile ${JSON.stringify(profile.name)}`
    : 'a profile of another organization';

/** Whether the profile is gone, or marked by a deletion that is under way or was interrupted. */
export const isDeleted = (profile: Profile | undefined) =>
  profile === undefined || profile.state === 'deleted';

/** What is exported now: nothing unless the profile is active. A table that was added later waits for an activation. */
export function exportsOf(profile: Profile): readonly TableExport[] {
  const { state, exports, tables, activation } = profile;
  if (state !== 'active') return [];
  return exports ?? tables.map(({ name }) => ({ table: name, activation, scope: 'all' }));
}

/** What is exported of this table now; work that another activation asked for is void. */
export function exportOf(profile: Profile | undefined, table: string): TableExport | undefined {
  return profile && exportsOf(profile).find((each) => each.table === table);
}

/** The active profile with this exported; said shortly where it is everything. */
function exporting({ exports: _, ...profile }: Profile, exports: readonly TableExport[]): Profile {
  const isEverything =
    exports.length === profile.tables.length &&
    exports.every(({ activation, scope }) => activation === profile.activation && scope === 'all');
  return isEverything ? profile : { ...profile, exports: [...exports] };
}

/** The profile with other tables: what is exported of those that stay goes on, new ones wait for an activation. */
export function withTables(profile: Profile, tables: Profile['tables']): Profile {
  const changed = { ...profile, tables };
  if (profile.state !== 'active') return changed;
  const names = new Set(tables.map(({ name }) => name));
  return exporting(
    changed,
    exportsOf(profile).filter(({ table }) => names.has(table)),
  );
}

/** The profile with nothing exported; itself when it is in this state already. */
export function stopped(profile: Profile, state: 'inactive' | 'deleted'): Profile {
  if (profile.state === state) return profile;
  const { exports: _, ...rest } = profile;
  return { ...rest, state };
}

/**
 * The profile with all its tables exported in this scope or a wider one. Tables that are so already are left in peace; the
 * others are asked for by a new activation. The profile itself when there are none.
 */
export function activated(profile: Profile, scope: ExportScope): Profile {
  const known = new Map(exportsOf(profile).map((each) => [each.table, each]));
  const activation = profile.activation + 1;
  const exports = profile.tables.map(({ name }): TableExport => {
    const now = known.get(name);
    return now?.scope === 'all' || now?.scope === scope ? now : { table: name, activation, scope };
  });
  if (profile.state === 'active' && exports.every((each) => each.activation < activation)) return profile;
  return exporting({ ...profile, state: 'active', activation }, exports);
}
