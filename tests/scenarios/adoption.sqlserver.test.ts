import { afterAll, beforeAll } from 'vitest';
import { sqlServerType } from '../../shared/adapters/sqlserver/column-types.ts';
import { quoted } from '../../shared/adapters/sqlserver/identifiers.ts';
import { openSqlServerUnderTest, type SqlServerUnderTest } from '../adapters/sqlserver-schema.ts';
import { describeAdoption } from './adoption.ts';

let server: SqlServerUnderTest;
beforeAll(async () => {
  server = await openSqlServerUnderTest();
});
afterAll(() => server.close());

describeAdoption('SQL Server', async () => {
  const under = await server.freshSchema();
  return { ...under, run: server.admin, quoted, typeName: sqlServerType, numbered: 'bigint IDENTITY(1,1)' };
});
