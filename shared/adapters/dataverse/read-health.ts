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
    const { value } = await api.get<{
      value: readonly { versionnumber: number | bigint | string; modifiedon?: string | null }[];
    }>(`read the newest change of table "${table}"`, await pathOf(table));
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
  const purpose = 'count the rows of tables';
  for (const names of batchesOf(tables, namesPerRequest)) {
    const path = `RetrieveTotalRecordCount(EntityNames=@p1)?@p1=${encodeURIComponent(JSON.stringify(names))}`;
    const { EntityRecordCountCollection: answer } = await api.get<{
      EntityRecordCountCollection?: { Keys?: readonly string[]; Values?: readonly (number | string)[] };
    }>(purpose, path);
    if (!answer?.Keys || !answer.Values)
      throw dataverseError('DATAVERSE_ANSWER_UNREADABLE', purpose, api.origin, 'there are no counts in it');
    for (const [at, name] of answer.Keys.entries()) counts.set(name, Number(answer.Values[at]));
  }
  return counts;
}
