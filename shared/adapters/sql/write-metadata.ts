import type { MetadataTableKey, TableMetadata } from '../../model/table-metadata.ts';
import { isLaterMark } from '../../schema/metadata-mark.ts';
import { metadataTables } from '../../schema/metadata-tables.ts';
import type { InTransaction } from './dialect.ts';

/** The port's `writeMetadata`. One after the other in a namespace: two tables can have global options in common. */
export function writeMetadata(
  inTransaction: InTransaction,
  given: TableMetadata,
): Promise<{ readonly changedRows: number }> {
  const { table, mark, replaces, rows } = given;
  const doing = `write the metadata of table "${table}"`;
  return inTransaction(doing, async ({ tables, metadata }) => {
    await tables.lockNamespace('metadata', doing);
    const stored = await metadata.mark(table);
    if (isLaterMark(stored, mark) && stored !== replaces) return { changedRows: 0 };
    let changedRows = await metadata.followGlobals(given);
    for (const key of Object.keys(metadataTables) as MetadataTableKey[])
      if (key !== 'globalOptionSet') changedRows += await metadata.follow(key, table, rows[key]);
    await metadata.noteMark(table, mark);
    return { changedRows };
  });
}
