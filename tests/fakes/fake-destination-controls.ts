import type { ServiceError } from '../../shared/errors.ts';
import type { RejectedRow } from '../../shared/model/rejected-row.ts';
import type { Destination } from '../../shared/ports/destination.ts';
import type { RefusalRule, StoredRow } from './stored-row.ts';

/** A destination in memory with the semantics of the real ones, and what a test needs to see and to disturb. */
export interface FakeDestination extends Destination {
  /** Stored rows of a table by id. */
  rows(table: string): ReadonlyMap<string, Readonly<StoredRow>>;
  /** Rows of a metadata table by its name, as canonical text; undefined for other tables. */
  metadataRows(name: string): readonly Record<string, string | null>[] | undefined;
  readonly deleteLog: readonly { readonly table: string; readonly id: string; readonly version: string }[];
  /** Every rejected row that is recorded now and was not given up. */
  rejectedRows(): readonly RejectedRow[];
  /** Rows for which this gives a rule are refused, from now on. */
  refuseRows(rule: (table: string, row: Readonly<StoredRow>) => RefusalRule | undefined): void;
  /** Deletes for which this gives a rule are refused, from now on. */
  refuseDeletes(rule: (table: string, id: string) => RefusalRule | undefined): void;
  /** Every call fails with the error until it is undefined again. */
  failWith(error: ServiceError | undefined): void;
  /** Takes the table away, as a person with the right to would. */
  dropTable(table: string): void;
}
