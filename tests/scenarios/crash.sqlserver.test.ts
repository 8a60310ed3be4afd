import { randomUUID } from 'node:crypto';
import { test } from 'vitest';
import { sqlServerUrl } from '../given-servers.ts';
import { runningPlatform } from './running-platform.ts';
import { manyPlaces, surviveKills } from './survive-kills.ts';

const kills = 6;
// A killed app begins with new connections, each of which may cost a server that is not the real one many seconds: few of
// them, and leases that are not lost meanwhile. Each thing that is waited for has its limit; the whole has none to speak of.
const few = 'Max Pool Size=4;Packet Size=32767;Connect Timeout=120';
const destination = `${sqlServerUrl()};${few}`;
const schema = `test_${randomUUID().slice(0, 8)}`;

const platform = runningPlatform(manyPlaces, { rows: 3000, queueLeaseSeconds: 5, destination, schema });

test(`killing the app at ${kills} random moments or more loses, doubles and resurrects nothing in SQL Server`, {
  timeout: 3_600_000,
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
      patienceMilliseconds: 600_000,
    },
  });
});
