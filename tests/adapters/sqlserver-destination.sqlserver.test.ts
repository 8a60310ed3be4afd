import { afterAll, beforeAll } from 'vitest';
import { describeDestination } from '../contracts/destination.ts';
import { openSqlServerUnderTest, type SqlServerUnderTest } from './sqlserver-schema.ts';

let server: SqlServerUnderTest;
beforeAll(async () => {
  server = await openSqlServerUnderTest();
});
afterAll(() => server.close());

describeDestination('SQL Server', () => server.freshSchema());
describeDestination('SQL Server with a prefix', () => server.freshSchema('des'));
