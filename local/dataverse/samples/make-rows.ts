import type { Organization } from '../organization.ts';
import type { Table } from '../schema/table.ts';
import { sortKey } from '../store/guid-order.ts';
import { seededRandom } from './random.ts';
import { rowSample } from './row-sample.ts';
import { sampleCount, sampleId } from './sample-ids.ts';

/** Makes more sample rows of a table, in one transaction. The same seed at the same place makes the same values. */
export function makeRows(
  organization: Organization,
  { table: name, count, seed }: { table: string; count: number; seed: number },
): { table: string; made: number; version: number } {
  const { schema, store } = organization;
  const table = schema.tables.get(name);
  if (!table || contosoOnly.includes(name))
    throw new Error(`Cannot make rows of table "${name}": there is no such table, or it has no sample rows.`);
  const first = sampleCount(organization, name);
  store.transaction(() => {
    addRows(organization, table, first, count, seed);
    store.setState(`samples ${name}`, String(first + count));
  });
  return { table: name, made: count, version: store.currentVersion() };
}

/** Tables whose few rows the organization itself needs and that get no samples. */
export const contosoOnly: readonly string[] = [
  'organization',
  'role',
  'transactioncurrency',
  'activitypointer',
];

export function addRows(
  organization: Organization,
  table: Table,
  first: number,
  count: number,
  seed: number,
): void {
  const { store } = organization;
  const now = Date.now();
  const random = seededRandom(seed * 7919 + table.code * 31 + first);
  const sample = rowSample(organization, table);
  const hasVersion = organization.schema.shape(table).byName.has('versionnumber');
  for (let n = first; n < first + count; n++) {
    const id = sampleId(table, n);
    const version = store.nextVersion();
    const lines = [`,"${table.id}":"${id}"`, ...sample(n, random, now)];
    if (hasVersion) lines.push(`,"versionnumber":${version}`);
    store.put(table.name, { key: sortKey(id), version, text: lines.join('\n') });
  }
}
