import type { TestProject } from 'vitest/node';
import { startDatabase } from '../local/database/start-database.ts';
import { startStorage } from '../local/storage/start-storage.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Connection string of an Azurite. */
    storage: string;
    /** Address of an embedded PostgreSQL with the superuser's login; make a schema or database of your own in it. */
    database: string;
  }
}

/** Starts the real servers that `.local.test.ts` files share, once a run; ends them after it. */
export default async function startLocalServers(project: TestProject): Promise<() => Promise<void>> {
  const [storage, database] = await Promise.all([startStorage(), startDatabase()]);
  project.provide('storage', storage.connectionString);
  project.provide('database', database.url);
  return async () => {
    await Promise.all([storage.close(), database.close()]);
  };
}
