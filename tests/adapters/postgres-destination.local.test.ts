import { afterAll, beforeAll } from 'vitest';
import { describeDestination } from '../contracts/destination.ts';
import { openPostgresUnderTest, type PostgresUnderTest } from './postgres-schema.ts';

let postgres: PostgresUnderTest;
beforeAll(async () => {
  postgres = await openPostgresUnderTest();
});
afterAll(() => postgres.close());

describeDestination('PostgreSQL', () => postgres.freshSchema());
describeDestination('PostgreSQL with a prefix', () => postgres.freshSchema('des'));
