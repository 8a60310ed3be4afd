import type { Row } from '../../model/change.ts';
import type { Checkpoint, CheckpointAdvance } from '../../model/checkpoint.ts';
import type { RejectedRow } from '../../model/rejected-row.ts';
import type { MetadataRow, MetadataTableKey, TableMetadata } from '../../model/table-metadata.ts';
import type { DestinationTable } from '../../model/table-schema.ts';
import type { PageWrite } from '../../ports/destination.ts';
import type { TableStep } from '../../schema/compare-table.ts';
import type { IdentifiedRow } from '../../schema/identified-rows.ts';
import type { Wrong } from '../../schema/rejections.ts';
import type { systemTables } from '../../schema/system-tables.ts';
import type { ExistingTable } from '../../schema/table-differences.ts';
import type { TableRules } from '../../schema/table-findings.ts';

/** What a kind of database is asked for in SQL of its own, in one transaction and one namespace. */
export interface Statements {
  readonly checkpoints: CheckpointStatements;
  readonly rejectedRows: RejectedRowStatements;
  readonly rows: RowStatements;
  readonly tables: TableStatements;
  readonly metadata: MetadataStatements;
  /** When the certificate ends that the server has shown; undefined on a connection without TLS. */
  certificateEnd(): Date | undefined;
}

/** What was done beside moving the checkpoint: rows handled, and the time that rows were stamped with. */
export interface Done {
  readonly successCount?: number;
  readonly failureCount?: number;
  readonly writtenAt?: Date;
}

/** An activation of a profile. */
export interface Owner {
  readonly profileId: string;
  readonly activation: number;
}

/** Of the table of checkpoints. What changes a checkpoint and finds none fails with `DESTINATION_TURN_LOST`. */
export interface CheckpointStatements {
  read(table: string): Promise<Checkpoint | undefined>;
  /** Locked until the end of the transaction. Before any lock on the table's rows. */
  lock(table: string): Promise<Checkpoint | undefined>;
  /**
   * The row of a first claim; undefined where there is one. Two first claims may meet: the one that inserts nothing has waited for
   * the other, and then finds its row.
   */
  insert(table: string, owner: Owner, holdsRows: boolean): Promise<Checkpoint | undefined>;
  /** Gives the row to an activation in a new epoch. With `anew` the load begins anew, and all counts. */
  claim(table: string, owner: Owner, anew: { readonly needsSweep: boolean } | undefined): Promise<Checkpoint>;
  /** Everything of a load begins anew in a new epoch; counts of what was done go on. */
  restart(
    table: string,
    load: { readonly needsSweep: boolean; readonly isResync: boolean },
  ): Promise<Checkpoint>;
  /** From where it was locked: the sequence by one, the members of `advance`, and what was done. */
  move(stored: Checkpoint, advance: CheckpointAdvance, done: Done): Promise<Checkpoint>;
  /** What was done without moving the turn: for rejected rows, which are settled beside the pages. */
  noteDone(table: string, done: Done): Promise<void>;
  /** The latest write as it was noted, locked. Not known in a table that had rows before its checkpoint, until it is looked up. */
  latestWrite(table: string): Promise<{ readonly isKnown: boolean; readonly at: Date | undefined }>;
  noteLatestWrite(table: string, at: Date | undefined): Promise<void>;
  /** The profiles' ids by table; none where there are no checkpoints yet. */
  owners(tables: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

/** Of the table of rejected rows. */
export interface RejectedRowStatements {
  /**
   * A record of the same version keeps its attempts and its turn: a row that comes again must not be retried for ever. A
   * refused delete takes the place of any record.
   */
  record(table: string, rows: readonly RejectedRow[]): Promise<void>;
  /** Locked until the end of the transaction. */
  byId(table: string, ids: readonly string[]): Promise<readonly RejectedRow[]>;
  /** Those whose next attempt is due, oldest first. */
  due(table: string, now: Date, limit: number): Promise<readonly RejectedRow[]>;
  nextAttemptAt(table: string): Promise<Date | undefined>;
  /** Those of the ids that have a record. */
  among(table: string, ids: readonly string[]): Promise<ReadonlySet<string>>;
  forget(table: string, ids: readonly string[]): Promise<void>;
  forgetAll(table: string): Promise<void>;
  /** How many had been given up. */
  forgetGivenUp(table: string): Promise<number>;
  /** What another failed attempt has changed: attempts, next attempt, version, code and reason. */
  update(table: string, rows: readonly RejectedRow[]): Promise<void>;
  /** Gives up those that are still as given, and returns how many there were. */
  giveUp(table: string, rows: readonly RejectedRow[], at: Date): Promise<number>;
  /** Has those that were given up tried again at a time, as often as any; how many. */
  resyncGivenUp(table: string, at: Date): Promise<number>;
  /** The same for rows by id; those that nothing is recorded of get a record that any version takes the place of. */
  resync(
    table: string,
    ids: readonly string[],
    at: Date,
  ): Promise<{ readonly count: number; readonly givenUpCount: number }>;
}

/** Why the database refused something; nothing of its values. */
export interface RowFault extends Wrong {
  /** What tells the constraint or column at fault from any other; undefined when the database names none. */
  readonly culprit?: string | undefined;
  readonly cause?: unknown;
}

/** An item that the database refuses even alone. */
export interface Refused<T> {
  readonly item: T;
  readonly fault: RowFault;
}

/** What became of items: how many rows were changed, and which were refused. */
export interface Outcome<T> {
  readonly count: number;
  readonly refused: readonly Refused<T>[];
}

/** How a page's rows are written, and when. */
export interface Writing {
  readonly mode: PageWrite['mode'];
  readonly writtenAt: Date;
  /** In a reload, rows last written before this are overwritten whatever their version: the organization may have been restored. */
  readonly loadStartedAt: string | undefined;
}

/** The rows of a page on their way into a table: each id once, in its newest version. */
export interface Page {
  readonly rows: readonly IdentifiedRow[];
  /** Puts them into a staging table, which is empty, but those that it does not take. */
  stage(): Promise<StagedPage>;
}

/** Those of the rows that are in the staging table, and those that it did not take. */
export interface StagedPage {
  readonly rows: readonly IdentifiedRow[];
  readonly refused: readonly Refused<IdentifiedRow>[];
  /** Writes them: an older version never overwrites a newer one, unless the newer one is from before a reload. */
  merge(writing: Writing): Promise<Outcome<IdentifiedRow>>;
  /** Forgets rejected versions that the staged rows replace, except of the rows that were refused again. */
  forgetReplaced(refusedIds: readonly string[]): Promise<void>;
}

/** A stretch of a table in the order of its ids: those of its rows that a reload has not seen, and where it ends. */
export interface Stretch {
  readonly ids: readonly string[];
  /** The last row looked at; undefined when the table ends here. */
  readonly end: string | undefined;
}

/** Of the rows of the reporting tables. */
export interface RowStatements {
  page(table: DestinationTable, rows: readonly Row[]): Page;
  /** Deletes rows by id but those whose delete is refused, with a line each in the delete log if wanted. */
  delete(table: string, ids: readonly string[], deletedAt: Date | undefined): Promise<Outcome<string>>;
  /**
   * Marks rows as seen, so that a sweep keeps them. Rows in `undone` lose their version, which the organization has taken
   * back: whatever is read next is written.
   */
  stamp(
    table: string,
    ids: readonly string[],
    undone: readonly string[],
    seenAt: Date,
  ): Promise<Outcome<string>>;
  /** Those of the rows that were last written before a time. */
  unseenAmong(
    table: string,
    ids: readonly string[],
    before: string | undefined,
  ): Promise<ReadonlySet<string>>;
  /**
   * Looks at rows after `start`, in the server's own order of ids, for those that were last written before `before`, except
   * rows refused since then. Looks at no more than `length` rows and finds no more than `limit`.
   */
  unseen(
    table: string,
    before: Date,
    where: { readonly start: string | undefined; readonly length: number; readonly limit: number },
  ): Promise<Stretch>;
  /** Versions of the rows that exist, by id. */
  versions(table: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** The ids of at most `limit` rows after one, in the server's own order of ids. */
  idsAfter(table: string, afterId: string | undefined, limit: number): Promise<readonly string[]>;
  /** Within the time of a usual statement: a table that takes longer is not counted. */
  count(table: string): Promise<number>;
  /** Whether there is such a table, and a row in it. */
  isAny(table: string): Promise<boolean>;
  /** The latest `SinkModifiedOn` of a table's rows. Reads the whole table. */
  latestWrite(table: string): Promise<Date | undefined>;
}

/** Of tables themselves, and of what the catalog says of them. */
export interface TableStatements {
  readonly rules: TableRules;
  /** The quoted full name. */
  named(table: string): string;
  existing(tables: readonly string[]): Promise<ReadonlyMap<string, ExistingTable>>;
  /** Keeps others from doing the same in the namespace until the end of the transaction. */
  lockNamespace(what: 'tables' | 'metadata', doing: string): Promise<void>;
  /** Makes the schema unless it is there. */
  makeSchema(): Promise<void>;
  create(table: DestinationTable): Promise<void>;
  /** What became of the column, for people: one that views or indexes of the customer's use stays as it is. */
  alter(table: string, step: TableStep): Promise<string>;
  /** What a table of replication's own lacks. */
  systemTableChanges(key: keyof typeof systemTables, existing: ExistingTable | undefined): readonly string[];
  run(statements: readonly string[]): Promise<void>;
}

/** Of the metadata tables. */
export interface MetadataStatements {
  mark(table: string): Promise<string | undefined>;
  noteMark(table: string, mark: string | undefined): Promise<void>;
  /** Brings the table's rows of one metadata table to those given; how many differed. */
  follow(
    key: Exclude<MetadataTableKey, 'globalOptionSet'>,
    table: string,
    rows: readonly MetadataRow[],
  ): Promise<number>;
  /**
   * The global option sets become what all tables need of the names that this one needs or has needed; where two have other
   * labels, the first table's by name counts. Of the rows that go only those are deleted that this table has needed: others may
   * be an older exporter's.
   */
  followGlobals(metadata: TableMetadata): Promise<number>;
}
