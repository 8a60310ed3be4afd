import { randomUUID } from 'node:crypto';
import { test } from 'vitest';
import { sqlServerUrl } from '../given-servers.ts';
import { runningPlatform } from './running-platform.ts';
import { manyPlaces, surviveKills } from './survive-kills.ts';

const kills = 6;
const destination = sqlServerUrl() ?? '';
const schema = `test_${randomUUID().slice(0, 8)}`;

const platform = runningPlatform(manyPlaces, { rows: 3000, queueLeaseSeconds: 1, destination, schema });

test(`killing the app at ${kills} random moments or more loses, doubles and resurrects nothing in SQL Server`, {
  timeout: 900_000,
}, async () => {
  const tables = ['incident', 'email', 'activityparty', 'accountleads'];
  await surviveKills(platform(), {
    ...{
      schema,
      tables,
      kills,
      killsInLoad: 2,
      killsInDelta: 3,
      changesPerSecond: 5,
      patienceMilliseconds: 240_000,
    },
  });
});
