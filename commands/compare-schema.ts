import { readFileSync } from 'node:fs';
import type { Destinations } from '../shared/ports/destination.ts';
import { destinationTable } from '../shared/schema/destination-table.ts';
import { systemTables } from '../shared/schema/system-tables.ts';
import { settingsSchema } from '../shared/settings-schema.ts';
import { commandTokens, wantedDefinitions } from './compare-definitions.ts';
import { type CompareFlags, compareFlags } from './compare-flags.ts';
import { reportOf } from './compare-report.ts';

/** `npm run compare-schema`: what a destination has beside what the app would make. Changes nothing. */
async function compareSchema(flags: CompareFlags) {
  const tokens = commandTokens(flags);
  const definitions = await wantedDefinitions(flags, tokens);
  const hosts = settingsSchema.shape.ENTRA_DATABASE_HOSTS.parse(process.env.ENTRA_DATABASE_HOSTS);
  const drivers: Record<CompareFlags['kind'], () => Promise<Destinations>> = {
    PostgreSql: async () =>
      (await import('../shared/adapters/postgres/destination.ts')).postgresDestinations({ tokens, hosts }),
    SqlAzure: async () =>
      (await import('../shared/adapters/sqlserver/destination.ts')).sqlServerDestinations(
        { tokens, hosts },
        flags.types,
      ),
  };
  const { schema, prefix } = flags;
  const destination = (await drivers[flags.kind]()).open(flags.connectionString, { schema, prefix });
  try {
    const compared = await destination.compare(definitions.map((each) => destinationTable(each)));
    return compared.filter(({ table }) => flags.hasDeleteLog || table !== systemTables.deleteLog);
  } finally {
    await destination.close();
  }
}

try {
  const readLine = () => readFileSync(0, 'utf8').split('\n')[0] ?? '';
  const flags = compareFlags(process.argv.slice(2), process.env, readLine);
  const compared = await compareSchema(flags);
  console.log(flags.isJson ? JSON.stringify(compared, undefined, 2) : reportOf(compared));
  process.exitCode = compared.some(({ differences }) => differences.length > 0) ? 1 : 0;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
