import { type Profile, profileSchema } from '../../model/profile.ts';
import type { DocumentSchema } from './table-document.ts';

type Table = Profile['tables'][number];

/** How profiles are written and read. */
export interface StoredProfiles {
  readonly schema: DocumentSchema<Profile>;
  toStored(profile: Profile): unknown;
}

/**
 * A table without settings is stored as its name, and read as one object that all profiles share: an organization may
 * have thousands of profiles with the same hundreds of tables. What is read is frozen for that reason.
 */
export function storedProfiles(): StoredProfiles {
  const plainTables = new Map<string, Table>();

  function plainTable(name: string): Table {
    const known = plainTables.get(name);
    if (known) return known;
    const table = Object.freeze({ name, settings: Object.freeze({}) });
    plainTables.set(name, table);
    return table;
  }

  return {
    toStored: (profile) => ({
      ...profile,
      tables: profile.tables.map((table) => (Object.keys(table.settings).length === 0 ? table.name : table)),
    }),
    schema: {
      safeParse(value) {
        const { tables } = (value ?? {}) as { readonly tables?: unknown };
        if (!Array.isArray(tables)) return profileSchema.safeParse(value);
        const read = tables.map((table) => (typeof table === 'string' ? plainTable(table) : table));
        // What has just been made of names needs no check, which would take most of the time of a long list.
        const isPlain = tables.every((table) => typeof table === 'string');
        const checked = profileSchema.safeParse({ ...(value as object), tables: isPlain ? [] : read });
        if (!checked.success) return checked;
        const data = { ...checked.data, tables: isPlain ? read : checked.data.tables };
        Object.freeze(data.tables);
        return { success: true, data: Object.freeze(data) };
      },
    },
  };
}
