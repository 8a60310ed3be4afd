import type { Profile } from '../model/profile.ts';
import type { DestinationTable, TableDefinition } from '../model/table-schema.ts';
import type { Clock } from '../ports/clock.ts';
import type { Dataverse, MetadataChanges, RowQuery } from '../ports/dataverse.ts';
import type { Destination } from '../ports/destination.ts';
import { destinationTable } from '../schema/destination-table.ts';
import { rowQuery } from '../schema/row-query.ts';
import { compareVersions } from '../schema/row-version.ts';
import { metadataStamps, recentVersions } from './metadata-stamps.ts';
import { followMetadata } from './table-metadata.ts';

/** A table as the destination holds it, and the query that reads Dataverse for it. */
export interface TableShape {
  readonly target: DestinationTable;
  readonly query: RowQuery;
  /** Of the organization, from before the definition was read, or was last told to be unchanged. */
  readonly metadataVersion: string | undefined;
}

/** The shapes of this process, so that an idle table costs no metadata request. */
export interface TableShapes {
  /**
   * The shape. Whenever the definition is read, the destination's table is made or altered to it, and the metadata tables
   * follow. `seen`: the version of the organization's metadata that an answer has just told: a shape of before it is renewed.
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

interface KnownShape {
  readonly shape: TableShape;
  /** When the definition was read, and when it was last known to be that of now. */
  readonly readAt: number;
  readonly lookedAt: number;
  /** From before the definition was read, or from the answer that it is unchanged: never of later metadata than the shape. */
  readonly stamp: string | undefined;
  /** Of its columns, in lower case; undefined where not all of them tell one. */
  readonly columnIds: ReadonlySet<string> | undefined;
}

/** What changed, and the stamp to ask with the next time, if the organization gives one. */
type Changes = Omit<MetadataChanges, 'stamp'> & Pick<KnownShape, 'stamp'>;

const looksAgainAfter = 10 * 60_000;
const readsAgainAfter = 30 * 60_000;

/**
 * Keeps each shape per profile as it was last edited, activation and table. When the organization's metadata has moved, which
 * is looked for every ten minutes at the latest, it is asked whether anything of the table changed; only then the definition and
 * its options are read again, and where the organization does not tell. `hasUserLabels`: the metadata tables also get the
 * labels in the language of the app's user.
 *
 * That a change is never told cannot lose a value for ever. A server with an old cache answers with its own old stamp, and the
 * next question begins there. Whatever is not told at all is found when the definition is read, every half hour, and rows
 * written meanwhile without a column are read again then, because the checkpoint names the columns that rows were written with.
 */
export function tableShapes(clock: Clock, hasUserLabels: boolean): TableShapes {
  const known = new Map<string, KnownShape>();
  const stampBefore = metadataStamps(clock);
  const recentVersion = recentVersions(clock);
  let prepared = new WeakMap<Destination, { readonly at: number; readonly hasDeleteLog: boolean }>();
  const key = (profile: Profile, table: string) =>
    `${profile.id}/${profile.activation}/${profile.version}/${table}`;

  /** A few hundred tables of one destination are read at the same time, and share these. */
  async function ensureSystemTables(destination: Destination, hasDeleteLog: boolean, now: number) {
    const last = prepared.get(destination);
    if (last && now - last.at < looksAgainAfter && (last.hasDeleteLog || !hasDeleteLog)) return;
    await destination.ensureSystemTables({ hasDeleteLog });
    prepared.set(destination, { at: now, hasDeleteLog });
  }

  async function of(...asked: Parameters<TableShapes['of']>): Promise<TableShape> {
    const [profile, table, dataverse, destination, seen] = asked;
    const now = clock.now().getTime();
    const name = key(profile, table);
    const found = known.get(name);
    if (found && now - found.lookedAt < looksAgainAfter && !isOutdated(found.shape, seen)) return found.shape;
    const version = seen ?? (await recentVersion(profile, dataverse));
    const changes = found && (await changesSince(found, now, version, table, dataverse));
    // Renewed meanwhile, by what was told later perhaps.
    if (changes && known.get(name) !== found) return await of(...asked);
    if (changes && !concerns(changes, found)) {
      const shape = { ...found.shape, metadataVersion: version };
      known.set(name, { ...found, shape, lookedAt: now, stamp: changes.stamp });
      return shape;
    }
    const { organizationId } = profile;
    const wanted = version && { organizationId, table, dataverse, version, last: found?.stamp };
    const stamp = changes?.stamp ?? (wanted && (await stampBefore(wanted)));
    const definition = await dataverse.tableDefinition(table);
    const target = destinationTable(definition);
    await ensureSystemTables(destination, profile.writeDeleteLog, now);
    await destination.ensureTable(target);
    const reading = { version, readAt: clock.now(), hasUserLabels };
    await followMetadata(definition, reading, dataverse, destination);
    const shape = { target, query: rowQuery(definition), metadataVersion: version };
    for (const [other, { lookedAt }] of known) if (now - lookedAt >= readsAgainAfter) known.delete(other);
    known.set(name, { shape, readAt: now, lookedAt: now, stamp, columnIds: columnIdsOf(definition) });
    return shape;
  }

  return {
    of,
    forget(profile, table) {
      known.delete(key(profile, table));
      // What is missing may be one of the system tables.
      prepared = new WeakMap();
    },
  };
}

/**
 * Nothing while the organization's metadata has not moved. Undefined where the definition is to be read, or the organization
 * was restored and counts from an earlier point again.
 */
async function changesSince(
  { shape, readAt, stamp }: KnownShape,
  now: number,
  version: string | undefined,
  table: string,
  dataverse: Dataverse,
): Promise<Changes | undefined> {
  if (now - readAt >= readsAgainAfter || version === undefined || shape.metadataVersion === undefined)
    return undefined;
  const moved = compareVersions(version, shape.metadataVersion);
  if (moved === 0) return { stamp, isChanged: false, deletedIds: [] };
  if (moved < 0 || stamp === undefined) return undefined;
  return await dataverse.metadataChanges(table, stamp);
}

/** Deleted columns are told without their table. */
function concerns({ isChanged, deletedIds }: Changes, { columnIds }: KnownShape): boolean {
  return isChanged || deletedIds.some((id) => columnIds === undefined || columnIds.has(id));
}

function columnIdsOf({ attributes }: TableDefinition): ReadonlySet<string> | undefined {
  const ids = attributes.flatMap(({ metadataId }) => metadataId?.toLowerCase() ?? []);
  return ids.length < attributes.length ? undefined : new Set(ids);
}

/** Whether the organization's metadata has moved since the shape was read. Its servers may tell older versions, too. */
export function isOutdated({ metadataVersion }: TableShape, seen: string | undefined): boolean {
  if (seen === undefined) return false;
  return metadataVersion === undefined || compareVersions(seen, metadataVersion) > 0;
}
