import { z } from 'zod';
import { contoso, type Organization } from '../organization.ts';
import { updateRow } from '../rows/save-row.ts';
import { sentValues } from '../rows/sent-values.ts';
import { sortKey } from '../store/guid-order.ts';
import { wrongBody } from './wrong-body.ts';

const beginShape = z.strictObject({
  table: z.string(),
  id: z.guid().toLowerCase(),
  values: z.record(z.string(), z.unknown()),
});
const commitShape = z.strictObject({ commit: z.int() });

/**
 * Updates that take their version at once and are seen only when they are committed, after younger versions: as a long
 * transaction of a plug-in does. One that is never committed never was.
 */
export function longTransactions(organization: Organization) {
  const { store, schema } = organization;
  const open = new Map<number, z.infer<typeof beginShape>>();

  function begin(update: z.infer<typeof beginShape>): object {
    if (schema.tables.get(update.table) === undefined)
      throw new Error(`Cannot begin a transaction: there is no table "${update.table}".`);
    const version = store.transaction(store.nextVersion);
    store.hold(version);
    open.set(version, update);
    return { version };
  }

  function commit(version: number): object {
    const update = open.get(version);
    const table = schema.tables.get(update?.table ?? '');
    if (!update || !table) throw new Error(`Cannot commit: no transaction ${version} is open.`);
    open.delete(version);
    store.release(version);
    store.transaction(() => {
      const key = sortKey(update.id);
      // The lock on the row would have kept others out.
      if ((store.get(table.name, key)?.version ?? version) > version) return;
      const values = sentValues(organization, table, JSON.stringify(update.values), false);
      updateRow(organization, table, key, values, contoso.adminUserId, version);
    });
    return { version };
  }

  return {
    answer(body: unknown): object {
      const parsed = z.union([beginShape, commitShape]).safeParse(body);
      if (!parsed.success) throw wrongBody('begin or commit a transaction', parsed.error);
      return 'commit' in parsed.data ? commit(parsed.data.commit) : begin(parsed.data);
    },
  };
}
