import { expect, test } from 'vitest';
import { userToken } from './callers.ts';
import { inDatabase, runningPlatform } from './running-platform.ts';
import { manyPlaces, surviveKills } from './survive-kills.ts';

const tables = ['account', 'contact', 'incident', 'email', 'activityparty', 'accountleads'];
const kills = 30;

const platform = runningPlatform(manyPlaces, { rows: 24_000, queueLeaseSeconds: 1 });

/** Some values as they stand in the answer's raw text and in the database, without any of the product's code between. */
async function rawDifferences(): Promise<readonly string[]> {
  const { dataverse, entra } = platform().addresses;
  const authorization = `Bearer ${await userToken(entra, 'admin', { resource: dataverse })}`;
  const columns = ['versionnumber', 'revenue', 'exchangerate', 'statecode', 'createdon', '_ownerid_value'];
  const answer = await fetch(
    `${dataverse}/api/data/v9.2/accounts?$select=${columns.join(',')}&$filter=revenue ne null&$top=100`,
    { headers: { authorization } },
  );
  const rows = [...(await answer.text()).matchAll(/\{"@odata\.etag"[^{}]*\}/g)].map(([text]) => {
    const literal = (name: string) => new RegExp(`"${name}": ?"?([^",}]*)"?`).exec(text)?.[1];
    return { id: literal('accountid'), values: columns.map(literal) };
  });
  expect(rows.length).toBeGreaterThan(50);
  const ids = rows.map(({ id }) => `'${id}'`).join(',');
  const stored = await inDatabase<{ id: string; values: string[] }>(
    platform(),
    `SELECT "Id" AS id, ARRAY[versionnumber::text, trim_scale(revenue)::text, trim_scale(exchangerate)::text, statecode::text,
       to_char(createdon, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), ownerid::text] AS values FROM dbo.account WHERE "Id" IN (${ids})`,
  );
  const storedById = new Map(stored.map(({ id, values }) => [id, values.join(' ')]));
  const plain = (value: string | undefined) => (value?.includes('.') ? value.replace(/\.?0+$/, '') : value);
  return rows
    .map(({ id, values }) => ({ id, expected: values.map(plain).join(' '), found: storedById.get(id ?? '') }))
    .filter(({ expected, found }) => expected !== found)
    .map(({ id, expected, found }) => `${id}: ${found}, expected ${expected}`);
}

test(`killing the app at ${kills} random moments or more loses, doubles and resurrects nothing`, {
  timeout: 400_000,
}, async () => {
  await surviveKills(platform(), {
    ...{
      schema: 'dbo',
      tables,
      kills,
      killsInLoad: 8,
      killsInDelta: 10,
      changesPerSecond: 20,
      patienceMilliseconds: 120_000,
    },
  });
  expect(await rawDifferences()).toEqual([]);
});
