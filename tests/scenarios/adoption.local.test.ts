import { afterAll, beforeAll } from 'vitest';
import { postgresType } from '../../shared/adapters/postgres/column-types.ts';
import { quoted } from '../../shared/adapters/postgres/identifiers.ts';
import { openPostgresUnderTest, type PostgresUnderTest } from '../adapters/postgres-schema.ts';
import { describeAdoption } from './adoption.ts';

let postgres: PostgresUnderTest;
beforeAll(async () => {
  postgres = await openPostgresUnderTest();
});
afterAll(() => postgres.close());

describeAdoption('PostgreSQL', async () => {
  const under = await postgres.freshSchema();
  // The login of the service owns what it made.
  const run = async (statement: string) => {
    await postgres.admin.query('SET ROLE exporter');
    const { rows } = await postgres.admin.query(statement);
    await postgres.admin.query('RESET ROLE');
    return rows;
  };
  return { ...under, run, quoted, typeName: postgresType, numbered: 'bigint GENERATED ALWAYS AS IDENTITY' };
});
