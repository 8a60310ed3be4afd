import { destinationHost } from '../platform/destination-address.ts';
import { users } from '../sign-ins.ts';
import { countOf, listOf } from './phrases.ts';
import type { Stage } from './stage.ts';

/** The tables that are replicated. */
export const demonstratedTables = [
  'account',
  'contact',
  'lead',
  'opportunity',
  'incident',
  'task',
  'email',
  'activityparty',
  'systemuser',
  'team',
  'businessunit',
  'accountleads',
] as const;

/** Act 1: what is there before anything happens. Resolves to the rows of each table. */
export async function showOrganization({ platform, narrator, organization }: Stage) {
  narrator.act('An organization');
  const counts = await organization.rowCounts();
  const rows = new Map(demonstratedTables.map((table) => [table, counts.get(table) ?? 0]));
  const total = [...rows.values()].reduce((sum, count) => sum + count, 0);
  narrator.say(
    `Contoso is a Dataverse organization, simulated at ${platform.addresses.dataverse}. It has ${countOf(total, 'row')} in ${rows.size} tables: ${listOf([...rows].map(([table, count]) => `${table} ${count.toLocaleString('en')}`))}.`,
  );
  narrator.say(
    `A real database waits at ${destinationHost(platform.addresses.destination)} for a copy of them, and ${users.admin.name} will ask the app to make it.`,
  );
  return rows;
}
