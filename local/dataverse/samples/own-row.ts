import type { Organization } from '../organization.ts';
import { sortKey } from '../store/guid-order.ts';
import { formatRow } from '../store/row-text.ts';
import { auditLines } from './row-sample.ts';

/** Writes one of the rows that the organization itself is made of; call it inside a transaction. */
export function putOwnRow(
  { store, schema }: Pick<Organization, 'store' | 'schema'>,
  name: string,
  id: string,
  facts: Readonly<Record<string, unknown>>,
): void {
  const table = schema.tables.get(name);
  if (!table) throw new Error(`Cannot fill the organization: table "${name}" is not defined.`);
  const now = Date.now();
  const version = store.nextVersion();
  const values = new Map(
    Object.entries({ [table.id]: id, ...facts }).map(([key, value]) => [key, JSON.stringify(value)]),
  );
  if (schema.shape(table).byName.has('createdby'))
    for (const line of auditLines(now, now))
      values.set(line.slice(2, line.indexOf('"', 2)), line.slice(line.indexOf(':') + 1));
  values.set('versionnumber', String(version));
  store.put(name, { key: sortKey(id), version, text: formatRow(values) });
}
