/** ADO.NET connection string of a SQL Server for tests, with a login that owns its database; undefined when none is given. */
export const sqlServerUrl = () => process.env.TEST_SQLSERVER_URL || undefined;

/** Address of a PostgreSQL for tests, with a superuser's login; undefined when none is given: one is started. */
export const postgresUrl = () => process.env.TEST_POSTGRES_URL || undefined;

/** Told at the end of a run that left tests out. */
export const leftOut =
  'Left out: tests/**/*.sqlserver.test.ts, because TEST_SQLSERVER_URL names no SQL Server (docs/contributing.md).';
