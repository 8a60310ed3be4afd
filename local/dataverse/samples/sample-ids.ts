import type { Organization } from '../organization.ts';
import type { Table } from '../schema/table.ts';

// Platform-made ids share a few endings and differ in the first groups; so equal ranges of the id space are uneven.
const endings = ['000d3ab5b1a1', '000d3a2c8e47', '00224881d5f0', '6045bd0f2a13', '7c1e52aa90c4'];
const versions = ['e711', 'eb11', 'ed11', 'ee11', 'ef11'];

/** The id of the n-th sample row of a table: always the same, so that rows can refer to each other before they exist. */
export function sampleId(table: Table, n: number): string {
  const mixed = (Math.imul(n + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0');
  const block = Math.floor(n / 1700);
  const code = (table.code & 0xffff).toString(16).padStart(4, '0');
  return `${mixed}-${code}-${versions[(block + table.code) % versions.length]}-8${(table.code % 16).toString(16)}2f-${endings[block % endings.length]}`;
}

/** How many sample rows a table has or, while the organization is being filled, will have. */
export function sampleCount({ store }: Organization, table: string): number {
  return Number(store.state(`samples ${table}`) ?? 0);
}
