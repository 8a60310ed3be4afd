import type { Failure } from '../model/failure.ts';
import type { FailureChoice, FailureFilter } from '../model/failure-filter.ts';
import type { ListPart } from '../model/list-part.ts';

/** How far one blob has been read. */
export interface Watermark {
  readonly blobName: string;
  /** Bytes already in the ledger. */
  readonly offset: number;
  readonly etag: string;
  /** What the blob began with, to notice that it was written anew. */
  readonly head: string;
}

/** Text that no grammar fits, kept with its place. */
export interface UnreadableText {
  readonly blobName: string;
  readonly offset: number;
  readonly text: string;
}

/** Every failure ever read, with its life. */
export interface FailureLedger {
  /** Adds new failures that are not there yet; those that are stay as they are. Returns those that were not. */
  add(failures: readonly Failure[]): Promise<readonly Failure[]>;
  /**
   * Failures of the profile, or of one of its tables, that something still has to happen to: waiting, retouching; those of
   * one table together. Their `reason` and `history` are left out (empty), and those that were closed cost nothing.
   */
  open(profileId: string, table?: string): AsyncIterable<Failure>;
  /** The same of those that need attention. */
  givenUp(profileId: string): AsyncIterable<Failure>;
  /** All failures of these rows of a table, open or not, by row; rows that have none are left out. */
  ofRows(
    profileId: string,
    table: string,
    recordIds: readonly string[],
  ): Promise<ReadonlyMap<string, readonly Failure[]>>;
  get(profileId: string, failureId: string): Promise<Failure | undefined>;
  /**
   * At most `limit` (1 to 1000) of the profile that fit, by table and then by row; their `history` is left out. The order
   * stays while pages are turned: a failure keeps its place whatever becomes of it.
   */
  list(
    profileId: string,
    filter: FailureFilter,
    limit: number,
    continuation?: string,
  ): Promise<ListPart<Failure>>;
  /** All that are meant, whole, in the same order, those of one row together; any number in bounded memory. */
  choose(profileId: string, choice: FailureChoice): AsyncIterable<Failure>;
  /**
   * Applies the change to each of these failures as it is stored, until no other writer came between; undefined writes
   * nothing. Returns those that it changed. Some may be changed when it fails. A state that may not follow the present one
   * (`canBecome`) is refused.
   */
  update(
    profileId: string,
    failureIds: readonly string[],
    change: (failure: Failure) => Failure | undefined,
  ): Promise<readonly Failure[]>;
  watermarks(profileId: string): Promise<ReadonlyMap<string, Watermark>>;
  setWatermarks(profileId: string, watermarks: readonly Watermark[]): Promise<void>;
  /** Up to when (ISO 8601, by our clock) all that the profile's logs then held is in the ledger; undefined before the first time. */
  readUpTo(profileId: string): Promise<string | undefined>;
  /** The last writer wins: an earlier time is as true as a later one, and says less. */
  setReadUpTo(profileId: string, at: string): Promise<void>;
  /** Removes the watermarks of blobs that are gone, until `isOver`; a hundred of them at least. */
  forgetBlobs(profileId: string, blobNames: readonly string[], isOver: () => boolean): Promise<void>;
  /** Keeps evidence of text that could not be parsed; the same text at the same place is kept once. */
  quarantine(profileId: string, text: UnreadableText): Promise<void>;
  /** Deletes failures of all profiles that were healed or gone before this time, until `isOver`; how many. */
  purge(before: Date, isOver: () => boolean): Promise<number>;
  /** The same for evidence that was kept before this time. */
  purgeQuarantine(before: Date, isOver: () => boolean): Promise<number>;
}
