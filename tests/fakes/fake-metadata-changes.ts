import type { TableDefinition } from '../../shared/model/table-schema.ts';
import type { MetadataChanges } from '../../shared/ports/dataverse.ts';

/**
 * How the organization tells what changed of its metadata: as of now, as of the version that its old cache tells, with a stamp
 * that is always too old, or not at all.
 */
export type ToldChanges = 'of-now' | 'of-stale-version' | 'expired' | 'refused';

/** A column that tells no metadata id has one that nobody knows. */
const unknownId = 'ffffffff-0000-4000-8000-000000000000';

/** What changed of each table, and which columns were deleted, at which version of the metadata. */
export function fakeMetadataChanges(told: ToldChanges) {
  const changedAt = new Map<string, number>();
  let deleted: { readonly at: number; readonly id: string }[] = [];
  return {
    /** `stale`: the version that is told, where it is not that of now. */
    tell(table: string, since: string | undefined, now: number, stale?: number): MetadataChanges | undefined {
      if (told === 'refused' || (told === 'expired' && since !== undefined)) return undefined;
      const upTo = told === 'of-stale-version' ? (stale ?? now) : now;
      const isTold = (at: number) => since !== undefined && at > Number(since) && at <= upTo;
      return {
        stamp: String(upTo),
        isChanged: isTold(changedAt.get(table) ?? 0),
        deletedIds: deleted.filter(({ at }) => isTold(at)).map(({ id }) => id),
      };
    },
    changed(table: string, at: number): void {
      changedAt.set(table, at);
    },
    /** A column that is gone does not mark its table. */
    defined(before: TableDefinition | undefined, after: TableDefinition, at: number): void {
      const names = new Set(after.attributes.map(({ logicalName }) => logicalName));
      const kept = before?.attributes.filter(({ logicalName }) => names.has(logicalName));
      const gone = before?.attributes.filter(({ logicalName }) => !names.has(logicalName)) ?? [];
      deleted.push(...gone.map(({ metadataId }) => ({ at, id: metadataId ?? unknownId })));
      if (JSON.stringify({ ...before, attributes: kept }) !== JSON.stringify(after))
        changedAt.set(after.logicalName, at);
    },
    /** The organization was restored: what it holds now is from its first version on. */
    restore(): void {
      changedAt.clear();
      deleted = [];
    },
  };
}
