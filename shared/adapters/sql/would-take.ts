import type { DestinationTable } from '../../model/table-schema.ts';
import type { Destination } from '../../ports/destination.ts';
import type { InTransaction } from './dialect.ts';
import { removeRows, writeRows } from './write-rows.ts';

type Tried = Parameters<Destination['wouldTake']>[1];

const writing = { mode: 'reload', writtenAt: new Date(0), loadStartedAt: undefined } as const;

/** The port's `wouldTake`: a write as any other, rolled back at its end. */
export function wouldTake(inTransaction: InTransaction, table: DestinationTable, tried: Tried) {
  const { name } = table;
  return inTransaction(
    `try rows of table "${name}"`,
    async ({ rows }) => {
      const page = rows.page(table, tried.rows);
      const upserts = await writeRows(rows, name, page, writing);
      const deletes = await removeRows(rows, name, tried.goneIds, undefined);
      const ids = new Set([...page.rows.map(({ id }) => id), ...tried.goneIds]);
      for (const { id } of [...upserts.refused, ...deletes.refused]) ids.delete(id);
      return ids;
    },
    { isKept: false },
  );
}
