import { dataverse } from '../shared/adapters/dataverse/dataverse.ts';
import { optionPaths } from '../shared/adapters/dataverse/option-sets.ts';
import { annotationsPreference, rowsPath } from '../shared/adapters/dataverse/read-rows.ts';
import { wholeDefinitionPath } from '../shared/adapters/dataverse/table-definition.ts';
import { systemClock } from '../shared/adapters/system/system-clock.ts';
import { destinationTable } from '../shared/schema/destination-table.ts';
import { rowQuery } from '../shared/schema/row-query.ts';

/** The question that the app asks for all rows of a table, and what it does with the members of the answer. */
export type SourceRows = {
  readonly url: string;
  readonly token: string;
  readonly prefer: string;
  readonly columns: readonly { readonly name: string; readonly source: string }[];
  /** What tells of the table: its definition, and the options of its columns. */
  readonly metadataUrls: readonly string[];
};

export async function sourceRows(
  organizationUrl: string,
  token: string,
  options: { readonly table: string; readonly pageSize: number },
): Promise<SourceRows> {
  const organization = dataverse({
    origin: organizationUrl,
    pageSize: options.pageSize,
    tokens: { forResource: async () => token },
    clock: systemClock(),
  });
  const definition = await organization.tableDefinition(options.table);
  const query = rowQuery(definition);
  const columns = destinationTable(definition).columns.flatMap(({ name, source }) =>
    source === undefined ? [] : [{ name, source }],
  );
  const urlOf = (path: string) => `${organizationUrl}/api/data/v9.2/${path}`;
  return {
    url: urlOf(rowsPath(query)),
    metadataUrls: [wholeDefinitionPath(options.table), ...optionPaths(definition)].map(urlOf),
    token,
    prefer: `odata.maxpagesize=${options.pageSize},${annotationsPreference}`,
    columns: [{ name: 'Id', source: definition.primaryId }, ...columns],
  };
}

async function textOf(url: string, { token, prefer }: SourceRows): Promise<string> {
  const authorization = `Bearer ${token}`;
  const headers = { authorization, prefer, accept: 'application/json', 'accept-encoding': 'gzip' };
  const response: Response = await fetch(url, { headers });
  if (!response.ok) throw new Error(`Cannot read ${url.slice(0, 80)}: it answered ${response.status}.`);
  return response.text();
}

/** What tells of the table, as it comes over the wire. */
export const metadataOf = (source: SourceRows): Promise<readonly string[]> =>
  Promise.all(source.metadataUrls.map((url) => textOf(url, source)));

/** The pages as they come over the wire, one after the other, as text. */
export async function* pagesOf(source: SourceRows): AsyncGenerator<string> {
  for (let next: string | undefined = source.url; next !== undefined; ) {
    const text = await textOf(next, source);
    yield text;
    next = nextLinkOf(text);
  }
}

/** It stands behind the rows. */
function nextLinkOf(page: string): string | undefined {
  const link = /"@odata\.nextLink":("(?:[^"\\]|\\.)*")/.exec(page.slice(-10_000))?.[1];
  return link === undefined ? undefined : JSON.parse(link);
}
