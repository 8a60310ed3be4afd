import { odata, type TableClient, type TableEntityResult } from '@azure/data-tables';
import { storageCall } from './storage-call.ts';

/** Keys from the first, up to but without the second. */
export interface KeyRange {
  readonly from: string;
  readonly to: string;
}

/** Keys that begin like this, up to a `|`; `}` follows it. */
export const keysBeginning = (prefix: string): KeyRange => ({
  from: prefix,
  to: `${prefix.slice(0, -1)}}`,
});

/** One key alone: no key goes on with a `!`, which comes before whatever else it may go on with. */
export const onlyKey = (key: string): KeyRange => ({ from: key, to: `${key}!` });

/** As part of a filter. */
export const inKeys = ({ from, to }: KeyRange) => odata`RowKey ge ${from} and RowKey lt ${to}`;

/** Entities that are asked for at once, beside one a range. */
const moreThanRanges = 50;
/** What storage gives at once. */
const mostOfPage = 1000;

/** Of a page, so much at least must be wanted for the next one to be read in the same way. */
const leastShare = 1 / 4;
const rangesAtOnce = 8;

/**
 * Entities of one partition whose keys are in one of the ranges, which do not overlap. A query takes a page, and the next
 * one begins at the first range that the page did not reach: neighbours cost a request a page. Where a page shows that
 * most of what lies between is not wanted, the ranges that are left are asked for one by one, several at a time.
 */
export async function* entitiesAmong<T extends object>(
  table: TableClient,
  partitionKey: string,
  ranges: readonly KeyRange[],
): AsyncGenerator<TableEntityResult<T>> {
  let left = ranges.toSorted((one, other) => (one.from < other.from ? -1 : 1));
  let reached = '';
  while (left[0]) {
    const maxPageSize = Math.min(left.length + moreThanRanges, mostOfPage);
    const from = reached > left[0].from ? odata`RowKey gt ${reached}` : odata`RowKey ge ${left[0].from}`;
    const filter = odata`PartitionKey eq ${partitionKey}` + odata` and RowKey lt ${left.at(-1)?.to ?? ''}`;
    const page = await firstPage<T>(table, `${filter} and ${from}`, maxPageSize);
    const wanted = left;
    const found = page.filter(({ rowKey = '' }) =>
      wanted.some(({ from, to }) => from <= rowKey && rowKey < to),
    );
    yield* found;
    const end = page.continuationToken ? page.at(-1)?.rowKey : undefined;
    if (end === undefined) return;
    reached = end;
    left = left.filter(({ to }) => to > end);
    if (found.length < leastShare * page.length)
      return yield* oneByOne<T>(table, partitionKey, left, reached);
  }
}

async function* oneByOne<T extends object>(
  table: TableClient,
  partitionKey: string,
  ranges: readonly KeyRange[],
  reached: string,
): AsyncGenerator<TableEntityResult<T>> {
  for (let start = 0; start < ranges.length; start += rangesAtOnce) {
    const some = ranges.slice(start, start + rangesAtOnce).map(async (range) => {
      const filter = `${odata`PartitionKey eq ${partitionKey} and RowKey gt ${reached}`} and ${inKeys(range)}`;
      return await storageCall(`list table "${table.tableName}"`, async () => {
        const entities: TableEntityResult<T>[] = [];
        for await (const entity of table.listEntities<T>({ queryOptions: { filter } })) entities.push(entity);
        return entities;
      });
    });
    for (const entities of await Promise.all(some)) yield* entities;
  }
}

/** A page may be empty, and yet more may follow. */
async function firstPage<T extends object>(table: TableClient, filter: string, maxPageSize: number) {
  const pages = table.listEntities<T>({ queryOptions: { filter } }).byPage({ maxPageSize });
  return await storageCall(`list table "${table.tableName}"`, async () => {
    for await (const page of pages) if (page.length > 0 || !page.continuationToken) return page;
    return [] as TableEntityResult<T>[] & { readonly continuationToken?: string };
  });
}
