import { defineConfig } from 'vitest/config';
import { sqlServerUrl } from './tests/given-servers.ts';

const needServers = 'tests/**/*.local.test.ts';
const needSqlServer = 'tests/**/*.sqlserver.test.ts';
const needDeployment = 'tests/compat/*.local.test.ts';

export default defineConfig({
  test: {
    // Ends what hangs; a busy machine makes no test fail.
    testTimeout: 240_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    expect: { poll: { timeout: 10_000 } },
    reporters: ['default', './tests/closing-line.ts'],
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['tests/**/*.test.ts'], exclude: [needServers, needSqlServer] },
      },
      // There is no SQL Server that a run could bring along.
      { extends: true, test: { name: 'sqlserver', include: sqlServerUrl() ? [needSqlServer] : [] } },
      // The servers are started only when a file of this project is to run.
      {
        extends: true,
        test: {
          name: 'local',
          include: [needServers],
          exclude: [needDeployment],
          globalSetup: 'tests/local-servers.ts',
        },
      },
      {
        extends: true,
        test: { name: 'compat', include: [needDeployment], globalSetup: 'tests/compat/deployment.ts' },
      },
    ],
  },
});
