import type { ListPart } from '../model/list-part.ts';
import type { Operation } from '../model/operation.ts';

/** What was asked of the automation, newest first. */
export interface Operations {
  /** Adds one; false when one with its id is there, which stays as it is. */
  add(operation: Operation): Promise<boolean>;
  /**
   * Adds one unless there was one with this key, which is any text. Resolves to what was added first with it, as it is now.
   */
  addOnce(key: string, operation: Operation): Promise<Operation>;
  get(id: string): Promise<Operation | undefined>;
  /**
   * Applies the change until no other writer came between; undefined writes nothing. A state that may not follow the
   * present one (`operationCanBecome`) is refused. Resolves to what is stored afterwards.
   */
  update(id: string, change: (operation: Operation) => Operation | undefined): Promise<Operation | undefined>;
  /** At most `limit` (1 to 1000), newest first. A continuation is of the form `operationPlaceForm`. */
  list(limit: number, continuation?: string): Promise<ListPart<Operation>>;
  /** Those that are not over, in any order; looks at all that are kept, a request for every 1,000 that it finds. */
  unfinished(): AsyncIterable<Operation>;
  /** Deletes those that ended before this time, and keys that are as old, until `isOver`; how many. */
  purge(before: Date, isOver: () => boolean): Promise<number>;
}
