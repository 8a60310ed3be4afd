import { atMost } from '../at-most.ts';
import type { TableDefinition } from '../model/table-schema.ts';
import type { Dataverse } from '../ports/dataverse.ts';

/**
 * Reads of table definitions for the tests of profiles: few at a time for the whole process, and each table once for all
 * who ask at the same moment, so that many tests at once do not throttle replication.
 */
export interface DefinitionReads {
  /** Is not begun when the signals of all who asked were aborted before its turn came, and then fails. */
  read(dataverse: Dataverse, table: string, signal: AbortSignal): Promise<TableDefinition>;
}

interface Read {
  readonly definition: Promise<TableDefinition>;
  readonly signals: AbortSignal[];
}

/** At most so many at a time. */
export function definitionReads(mostAtOnce = 8): DefinitionReads {
  const reads = new WeakMap<Dataverse, Map<string, Read>>();
  const inTurn = atMost(mostAtOnce);

  return {
    read(dataverse, table, signal) {
      const ofOrganization = reads.get(dataverse) ?? new Map<string, Read>();
      reads.set(dataverse, ofOrganization);
      const begun = ofOrganization.get(table);
      if (begun !== undefined) {
        begun.signals.push(signal);
        return begun.definition;
      }
      const signals = [signal];
      const definition = inTurn(async () => {
        if (signals.every(({ aborted }) => aborted)) throw signal.reason;
        return dataverse.tableDefinition(table);
      }).finally(() => ofOrganization.delete(table));
      ofOrganization.set(table, { definition, signals });
      return definition;
    },
  };
}
