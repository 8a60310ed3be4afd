import type { TestProject } from 'vitest/node';
import { databaseName, prepareDatabase, startDatabase } from '../local/database/start-database.ts';
import { startStorage } from '../local/storage/start-storage.ts';
import { postgresUrl } from './given-servers.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Connection string of an Azurite. */
    storage: string;
    /** Address of a PostgreSQL with a superuser's login; make a schema or database of your own in it. */
    database: string;
  }
}

/** Starts the real servers that `.local.test.ts` files share, once a run; ends them after it. */
export default async function startLocalServers(project: TestProject): Promise<() => Promise<void>> {
  const database = await (givenDatabase() ?? startDatabase());
  const storage = await startStorage().catch(async (error: unknown) => {
    await database.close?.();
    throw error;
  });
  project.provide('storage', storage.connectionString);
  project.provide('database', database.url);
  return async () => {
    await Promise.all([storage.close(), database.close?.()]);
  };
}

/** The PostgreSQL of `TEST_POSTGRES_URL`, instead of an embedded one. */
function givenDatabase(): Promise<{ readonly url: string; close?(): Promise<void> }> | undefined {
  const given = postgresUrl();
  if (given === undefined) return undefined;
  const url = Object.assign(new URL(given), { pathname: `/${databaseName}` }).href;
  return prepareDatabase(url).then(() => ({ url }));
}
