import { afterAll, beforeAll } from 'vitest';
import { describeDestination } from '../contracts/destination.ts';
import { type PostgresUnderTest, startPostgresUnderTest } from './postgres-schema.ts';

let postgres: PostgresUnderTest;
beforeAll(async () => {
  postgres = await startPostgresUnderTest();
});
afterAll(() => postgres.close());

describeDestination('PostgreSQL', () => postgres.freshSchema());
describeDestination('PostgreSQL with a prefix', () => postgres.freshSchema('des'));
