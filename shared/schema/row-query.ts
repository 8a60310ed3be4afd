import type { TableDefinition } from '../model/table-schema.ts';
import { destinationTable } from './destination-table.ts';

/**
 * What to read of a table so that every column of its destination table can be filled, and nothing else: the `RowQuery` of
 * the Dataverse port.
 */
export function rowQuery(definition: TableDefinition): {
  readonly table: Pick<TableDefinition, 'logicalName' | 'entitySetName' | 'primaryId'>;
  readonly columns: readonly string[];
  readonly hasAnnotations: boolean;
} {
  const { logicalName, entitySetName, primaryId } = definition;
  const sources = destinationTable(definition).columns.flatMap(({ source }) => source ?? []);
  return {
    table: { logicalName, entitySetName, primaryId },
    columns: [...new Set([primaryId, ...sources.map((source) => source.replace(/@.*$/, ''))])],
    hasAnnotations: sources.some((source) => source.includes('@')),
  };
}

/** The same rows, of which only the keys are read. */
export function keysOf<Query extends ReturnType<typeof rowQuery>>(query: Query) {
  return { ...query, columns: [query.table.primaryId], hasAnnotations: false };
}
