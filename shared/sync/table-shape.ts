import type { Profile } from '../model/profile.ts';
import type { DestinationTable } from '../model/table-schema.ts';
import type { Clock } from '../ports/clock.ts';
import type { Dataverse, RowQuery } from '../ports/dataverse.ts';
import type { Destination } from '../ports/destination.ts';
import { destinationTable } from '../schema/destination-table.ts';
import { rowQuery } from '../schema/row-query.ts';
import { followMetadata } from './table-metadata.ts';

/** A table as the destination holds it, and the query that reads Dataverse for it. */
export interface TableShape {
  readonly target: DestinationTable;
  readonly query: RowQuery;
  /** Of the organization, from before the definition was read. */
  readonly metadataVersion: string | undefined;
}

/** The shapes of this process, so that an idle table costs no metadata request. */
export interface TableShapes {
  /**
   * The shape. Whenever the definition is read, the destination's table is made or altered to it, and the metadata tables
   * follow. `seen`: the version of the organization's metadata that an answer has just told, which saves asking for it.
   */
  of(
    profile: Profile,
    table: string,
    dataverse: Dataverse,
    destination: Destination,
    seen?: string,
  ): Promise<TableShape>;
  /** Reads the definition again at the next use (a column grew, an object is missing). */
  forget(profile: Profile, table: string): void;
}

const maxAgeMilliseconds = 10 * 60_000;

/**
 * Keeps each shape for ten minutes per profile as it was last edited, activation and table. `hasUserLabels`: the metadata
 * tables also get the labels in the language of the app's user.
 */
export function tableShapes(clock: Clock, hasUserLabels: boolean): TableShapes {
  const known = new Map<string, { readonly shape: TableShape; readonly readAt: number }>();
  const key = (profile: Profile, table: string) =>
    `${profile.id}/${profile.activation}/${profile.version}/${table}`;
  return {
    async of(profile, table, dataverse, destination, seen) {
      const now = clock.now().getTime();
      const found = known.get(key(profile, table));
      if (found && now - found.readAt < maxAgeMilliseconds) return found.shape;
      const metadataVersion = seen ?? (await dataverse.metadataVersion());
      const definition = await dataverse.tableDefinition(table);
      const target = destinationTable(definition);
      await destination.ensureSystemTables({ hasDeleteLog: profile.writeDeleteLog });
      await destination.ensureTable(target);
      const reading = { version: metadataVersion, readAt: clock.now(), hasUserLabels };
      await followMetadata(definition, reading, dataverse, destination);
      const shape = { target, query: rowQuery(definition), metadataVersion };
      for (const [other, entry] of known) if (now - entry.readAt >= maxAgeMilliseconds) known.delete(other);
      known.set(key(profile, table), { shape, readAt: now });
      return shape;
    },
    forget(profile, table) {
      known.delete(key(profile, table));
    },
  };
}
