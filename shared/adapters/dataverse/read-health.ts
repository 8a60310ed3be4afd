import { hasCode } from '../../errors.ts';
import type { Dataverse, NewestChange } from '../../ports/dataverse.ts';
import { batchesOf } from './batches.ts';
import { dataverseError } from './map-error.ts';
import { readTableDefinition } from './table-definition.ts';
import type { WebApi } from './web-api.ts';

/** Some 2 KB of URL. */
const namesPerRequest = 50;

/** The port's `newestChange`; how a table is asked for is read once a process, for a definition is a long answer. */
export function newestChanges(api: WebApi): Dataverse['newestChange'] {
  const paths = new Map<string, string>();

  async function pathOf(table: string): Promise<string> {
    const known = paths.get(table);
    if (known !== undefined) return known;
    const { entitySetName, attributes } = await readTableDefinition(api, table);
    // Tables of many-to-many relationships have none.
    const hasModifiedOn = attributes.some(({ logicalName }) => logicalName === 'modifiedon');
    const columns = hasModifiedOn ? 'versionnumber,modifiedon' : 'versionnumber';
    const path = `${entitySetName}?$select=${columns}&$orderby=versionnumber%20desc&$top=1`;
    paths.set(table, path);
    return path;
  }

  return async (table): Promise<NewestChange | undefined> => {
    const path = await pathOf(table);
    // Its entity set may have been renamed: then the next call asks for the new one.
    paths.delete(table);
    const { value } = await api.get<{
      value: readonly { versionnumber: number | bigint | string; modifiedon?: string | null }[];
    }>(`read the newest change of table "${table}"`, path);
    paths.set(table, path);
    const [row] = value;
    if (!row) return undefined;
    const version = String(row.versionnumber);
    return row.modifiedon ? { version, changedAt: new Date(row.modifiedon).toISOString() } : { version };
  };
}

/** The port's `rowCounts`. */
export async function readRowCounts(
  api: WebApi,
  tables: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const names of batchesOf(tables, namesPerRequest))
    for (const [name, count] of await countsOf(api, names)) counts.set(name, count);
  return counts;
}

/** One table that was removed has the whole question refused, so that it is divided until that table stands alone. */
async function countsOf(api: WebApi, names: readonly string[]): Promise<readonly [string, number][]> {
  try {
    return await askCounts(api, names);
  } catch (error) {
    if (!hasCode(error, 'DATAVERSE_REQUEST_REFUSED', 'DATAVERSE_TABLE_MISSING')) throw error;
    if (names.length === 1) return [];
    const halves = batchesOf(names, Math.ceil(names.length / 2));
    const counts: [string, number][] = [];
    for (const half of halves) counts.push(...(await countsOf(api, half)));
    return counts;
  }
}

async function askCounts(api: WebApi, names: readonly string[]): Promise<[string, number][]> {
  const purpose = 'count the rows of tables';
  const path = `RetrieveTotalRecordCount(EntityNames=@p1)?@p1=${encodeURIComponent(JSON.stringify(names))}`;
  const { EntityRecordCountCollection: answer } = await api.get<{
    EntityRecordCountCollection?: { Keys?: readonly string[]; Values?: readonly (number | string)[] };
  }>(purpose, path);
  const { Keys, Values } = answer ?? {};
  if (!Keys || !Values)
    throw dataverseError('DATAVERSE_ANSWER_UNREADABLE', purpose, api.origin, 'there are no counts in it');
  return Keys.map((name, at) => [name, Number(Values[at])]);
}
