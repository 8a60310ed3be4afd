import type { DestinationTable } from '../../model/table-schema.ts';
import type { Destination } from '../../ports/destination.ts';
import type { SessionPool } from './connection.ts';
import type { Namespace } from './identifiers.ts';
import { inIsolatingTransaction } from './isolate-refused.ts';
import { pageRows } from './row-values.ts';
import { removeRows, writeRows } from './write-rows.ts';

type Tried = Parameters<Destination['wouldTake']>[1];

/** The port's `wouldTake`: a write as any other, rolled back at its end. */
export function wouldTake(pool: SessionPool, namespace: Namespace, table: DestinationTable, tried: Tried) {
  return inIsolatingTransaction(
    pool,
    `try rows of table "${table.name}"`,
    async (session) => {
      const page = pageRows(table, tried.rows);
      const writing = { mode: 'reload', writtenAt: new Date(0), loadStartedAt: undefined } as const;
      const upserts = await writeRows(session, { namespace, table }, page, writing);
      const deletes = await removeRows(session, namespace, table.name, tried.goneIds, undefined);
      const ids = new Set([...page.rows.map(({ id }) => id), ...tried.goneIds]);
      for (const { id } of [...upserts.refused, ...deletes.refused]) ids.delete(id);
      return ids;
    },
    { isKept: false },
  );
}
