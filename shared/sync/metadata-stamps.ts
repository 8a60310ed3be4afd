import type { Clock } from '../ports/clock.ts';
import type { Dataverse } from '../ports/dataverse.ts';
import { compareVersions } from '../schema/row-version.ts';

/** For which table of which organization a stamp is wanted, whose metadata version has just been told. */
export interface StampWanted {
  readonly organizationId: string;
  readonly table: string;
  readonly dataverse: Dataverse;
  readonly version: string;
  /** The stamp that the table had, which perhaps is taken no more. */
  readonly last: string | undefined;
}

interface AskedStamp {
  readonly stamp: string | undefined;
  readonly version: string;
  readonly askedAt: number;
}

const asksAgainAfter = 10 * 60_000;

/**
 * Tells a stamp from before now: a point in time since which an organization tells what changed of its metadata. One serves
 * all tables of a process: that it is older than needed tells a change once too often, never too seldom. One of a later version
 * is from before the organization was restored. Undefined where the organization gives none; it is asked again ten minutes
 * later.
 */
export function metadataStamps(clock: Clock): (wanted: StampWanted) => Promise<string | undefined> {
  const known = new Map<string, Promise<AskedStamp>>();
  return async ({ organizationId, table, dataverse, version, last }) => {
    const askedAt = clock.now().getTime();
    const found = await known.get(organizationId);
    if (found?.stamp === undefined) {
      if (found && askedAt - found.askedAt < asksAgainAfter) return undefined;
    } else if (found.stamp !== last && compareVersions(found.version, version) <= 0) return found.stamp;
    const asking = dataverse
      .metadataChanges(table)
      .then((changes) => ({ stamp: changes?.stamp, version, askedAt }));
    known.set(organizationId, asking);
    asking.catch(() => known.delete(organizationId));
    return (await asking).stamp;
  };
}

const sharedMilliseconds = 5000;

/**
 * Tells the version of an organization's metadata from a moment ago: a few hundred tables that begin together ask once. Too
 * old a version tells a change once too often, never too seldom.
 */
export function recentVersions(
  clock: Clock,
): (asked: { readonly organizationId: string }, dataverse: Dataverse) => Promise<string | undefined> {
  const known = new Map<string, { readonly at: number; readonly version: Promise<string | undefined> }>();
  return ({ organizationId }, dataverse) => {
    const at = clock.now().getTime();
    const last = known.get(organizationId);
    if (last && at - last.at < sharedMilliseconds) return last.version;
    const version = dataverse.metadataVersion();
    known.set(organizationId, { at, version });
    version.catch(() => known.delete(organizationId));
    return version;
  };
}
