import { clients, contosoTenantId, organizationId, users } from '../sign-ins.ts';
import { defaultPortBase, exporterPortBase } from './addresses.ts';
import { destinationHost } from './destination-address.ts';
import type { Platform } from './start-platform.ts';

/** The short table of addresses and sign-ins that `npm start` prints. */
export function welcomeText(
  { addresses, caFile }: Platform,
  options: { destination?: string; exporterUrl?: string; portBase: number },
): string {
  const rows: [string, string][] = [
    ['app', addresses.app],
    options.exporterUrl
      ? ['exporter', options.exporterUrl]
      : ['API, to read and try', `${addresses.app}/swagger`],
    ['Dataverse (simulated)', addresses.dataverse],
    ['sign-in', addresses.entra],
    ['Key Vault', `${addresses.keyvault}${options.exporterUrl ? '' : `  (authority: ${caFile})`}`],
    ...(options.exporterUrl ? [] : [['tickets (simulated)', addresses.tickets] as [string, string]]),
    options.destination
      ? ['database', `${destinationHost(options.destination)} (given by --destination)`]
      : ['PostgreSQL', addresses.database],
    ['storage', [addresses.blob, addresses.queue, addresses.table].join('  ')],
  ];
  const people = Object.values(users).map(({ name, password }): [string, string] => [name, password]);
  const applications = Object.values(clients).map(({ clientId, secret, roles }): [string, string] => [
    clientId,
    `${secret}  (application, ${roles.join(', ')})`,
  ]);
  const signInBase = options.exporterUrl ? exporterPortBase(options.exporterUrl) : options.portBase;
  const moved = signInBase === defaultPortBase ? '' : ` --port-base ${signInBase}`;
  return [
    '',
    ...table(rows),
    '',
    `  tenant ${contosoTenantId}, organization ${organizationId}; sign-ins and their passwords:`,
    ...table([...people, ...applications]),
    '',
    `  a token for the app: npm run --silent token -- admin${moved}          stop: Ctrl-C`,
    '',
  ].join('\n');
}

function table(rows: readonly [string, string][]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, value]) => `  ${name.padEnd(width)}${value}`);
}
