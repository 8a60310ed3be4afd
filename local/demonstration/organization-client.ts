import type { JsonClient } from './json-client.ts';

/** An account, as far as the demonstration cares. */
export type Account = { readonly id: string; readonly name: string; readonly revenue: number | null };

/** A change that was made: the row's version after it. */
export type Change = { readonly id: string; readonly version: bigint };

/** The organization, through the ordinary Web API, and its simulator beside it. */
export type OrganizationClient = {
  rowCounts(): Promise<ReadonlyMap<string, number>>;
  accounts(count: number): Promise<readonly Account[]>;
  changeAccount(id: string, values: object): Promise<Change>;
  account(id: string): Promise<{ readonly revenue: number | null; readonly version: bigint }>;
  /** Random creates, updates and deletes by the simulator, until it is stopped. */
  startWorkload(changesPerSecond: number, tables: readonly string[]): Promise<void>;
  stopWorkload(): Promise<void>;
};

const webApi = '/api/data/v9.2';

export function organizationClient(call: JsonClient, simulator: JsonClient): OrganizationClient {
  const accountPath = (id: string, columns: string) => `${webApi}/accounts(${id})?$select=${columns}`;
  return {
    async rowCounts() {
      const { tables } = (await simulator('GET', '/simulator')) as {
        tables: Record<string, { rows: number }>;
      };
      return new Map(Object.entries(tables).map(([name, { rows }]) => [name, rows]));
    },
    async accounts(count) {
      const path = `${webApi}/accounts?$select=accountid,name,revenue&$top=${count}`;
      const { value } = (await call('GET', path)) as {
        value: { accountid: string; name: string | null; revenue: number | null }[];
      };
      return value.map(({ accountid, name, revenue }) => ({ id: accountid, name: shown(name), revenue }));
    },
    async changeAccount(id, values) {
      const headers = { 'If-Match': '*', Prefer: 'return=representation' };
      const row = await call('PATCH', accountPath(id, 'versionnumber'), { body: values, headers });
      return { id, version: BigInt((row as { versionnumber: number }).versionnumber) };
    },
    async account(id) {
      const row = await call('GET', accountPath(id, 'revenue,versionnumber'));
      const { revenue, versionnumber } = row as { revenue: number | null; versionnumber: number };
      return { revenue, version: BigInt(versionnumber) };
    },
    async startWorkload(changesPerSecond, tables) {
      await simulator('POST', '/simulator/workload', { body: { changesPerSecond, tables } });
    },
    async stopWorkload() {
      await simulator('POST', '/simulator/workload', { body: { changesPerSecond: 0 } });
    },
  };
}

/** A name that fits on one line of any terminal. */
function shown(name: string | null): string {
  const plain = (name ?? '').replace(/[\p{C}\s]+/gu, ' ').trim() || '(no name)';
  return plain.length > 34 ? `${plain.slice(0, 33).trimEnd()}…` : plain;
}
