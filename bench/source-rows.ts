import { dataverse } from '../shared/adapters/dataverse/dataverse.ts';
import { annotationsPreference, rowsPath } from '../shared/adapters/dataverse/read-rows.ts';
import { systemClock } from '../shared/adapters/system/system-clock.ts';
import { destinationTable } from '../shared/schema/destination-table.ts';
import { rowQuery } from '../shared/schema/row-query.ts';

/** The question that the app asks for all rows of a table, and what it does with the members of the answer. */
export type SourceRows = {
  readonly url: string;
  readonly token: string;
  readonly prefer: string;
  readonly columns: readonly { readonly name: string; readonly source: string }[];
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
  return {
    url: `${organizationUrl}/api/data/v9.2/${rowsPath(query)}`,
    token,
    prefer: `odata.maxpagesize=${options.pageSize},${annotationsPreference}`,
    columns: [{ name: 'Id', source: definition.primaryId }, ...columns],
  };
}

/** The pages as they come over the wire, one after the other, as text. */
export async function* pagesOf({ url, token, prefer }: SourceRows): AsyncGenerator<string> {
  const headers = {
    authorization: `Bearer ${token}`,
    prefer,
    accept: 'application/json',
    'accept-encoding': 'gzip',
  };
  for (let next: string | undefined = url; next !== undefined; ) {
    const response: Response = await fetch(next, { headers });
    if (!response.ok) throw new Error(`Cannot read ${url.slice(0, 80)}: it answered ${response.status}.`);
    const text = await response.text();
    yield text;
    next = nextLinkOf(text);
  }
}

/** It stands behind the rows. */
function nextLinkOf(page: string): string | undefined {
  const link = /"@odata\.nextLink":("(?:[^"\\]|\\.)*")/.exec(page.slice(-10_000))?.[1];
  return link === undefined ? undefined : JSON.parse(link);
}
