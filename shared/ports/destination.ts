import type { Row } from '../model/change.ts';
import type { Checkpoint, CheckpointAdvance, Turn } from '../model/checkpoint.ts';
import type { Finding } from '../model/finding.ts';
import type { Profile } from '../model/profile.ts';
import type { RejectedRow } from '../model/rejected-row.ts';
import type { ResyncScope } from '../model/resync.ts';
import type { ComparedTable } from '../model/table-difference.ts';
import type { TableMetadata } from '../model/table-metadata.ts';
import type { DestinationTable } from '../model/table-schema.ts';

/** Rows and deletes of one page, to be written in one transaction with the checkpoint. */
export interface PageWrite {
  readonly table: DestinationTable;
  /** The state of the checkpoint that this write follows; `DESTINATION_TURN_LOST` and nothing written if it has moved. */
  readonly turn: Turn;
  readonly advance: CheckpointAdvance;
  readonly rows: readonly Row[];
  readonly deletedIds: readonly string[];
  /**
   * `newer`: only rows with a greater version than the stored are written. `reload`: also those with an equal one, and any
   * row that was last written before the checkpoint's `loadStartedAt`: what a reload reads is the truth, also where an
   * organization was restored and its versions went back. `refill`: also those with an equal one, and no other: they may lack
   * columns that came later, and when they are refused, they are recorded as any other.
   */
  readonly mode: 'newer' | 'reload' | 'refill';
  /** When the page was read: written as `SinkModifiedOn`, and the notification time of rejected rows. */
  readonly readAt: Date;
  readonly isDeleteLogged: boolean;
  /** When rejected rows of this page are first tried again. */
  readonly nextAttemptAt: Date;
}

/** What a page write did. `rejected` rows are recorded in the destination already. */
export interface PageResult {
  readonly checkpoint: Checkpoint;
  readonly writtenCount: number;
  readonly deletedCount: number;
  readonly rejected: readonly RejectedRow[];
}

/**
 * Another try of rejected rows, re-read by id: `rows` are those that exist, `goneIds` those that do not. Written as in a
 * refill, or as in a reload where somebody asked for one of them.
 */
export interface RetryWrite {
  readonly table: DestinationTable;
  /** The checkpoint's state when the rows were re-read. */
  readonly turn: Turn;
  readonly tried: readonly RejectedRow[];
  readonly rows: readonly Row[];
  readonly goneIds: readonly string[];
  readonly readAt: Date;
  readonly nextAttemptAt: Date;
  readonly isDeleteLogged: boolean;
}

/** Deletes rows that a reload has not seen: those last written before `before`, except rows rejected since then. */
export interface SweepStep {
  readonly table: DestinationTable;
  readonly turn: Turn;
  readonly before: Date;
  /** Rows deleted at most. `advance` is applied by the step that ends the sweep; until then the checkpoint's `link` is the sweep's. */
  readonly limit: number;
  readonly advance: CheckpointAdvance;
  readonly isDeleteLogged: boolean;
  readonly sweptAt: Date;
}

export interface Claim {
  readonly checkpoint: Checkpoint;
  /** When the next rejected row of the table is due. */
  readonly nextAttemptAt?: Date;
}

/**
 * The customer's database, seen through one profile's schema and prefix. Every write is one transaction and is refused
 * as a whole with `DESTINATION_TURN_LOST` unless the checkpoint is in the state that the caller names. Row faults are
 * isolated by halving and never fail a call; destination faults fail it with a `DESTINATION_*` code and change nothing.
 */
export interface Destination {
  /**
   * Connects and tries what replication of these tables needs, leaving nothing behind: login, permissions, names that are
   * taken, and the width of rows against the server's limit.
   */
  test(tables: readonly DestinationTable[]): Promise<readonly Finding[]>;
  /** In what these tables, and those that replication keeps beside them, differ from what would be made. Nothing is changed. */
  compare(tables: readonly DestinationTable[]): Promise<readonly ComparedTable[]>;
  /**
   * The ids of the profiles that the checkpoints of these tables belong to, by table. What keeps them from being read,
   * `test` tells.
   */
  owners(tables: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Makes the metadata tables, the delete log and replication's own tables where missing. */
  ensureSystemTables(options: { readonly hasDeleteLog: boolean }): Promise<void>;
  /**
   * Makes the table, or adds and widens columns; never drops. In the same transaction the table's load begins anew when the
   * table had to be made although it has a checkpoint, or a column had to be added that the checkpoint's `shape` says was
   * there: somebody dropped it.
   */
  ensureTable(table: DestinationTable): Promise<{ readonly changes: readonly string[] }>;
  /** The `mark` of the table's metadata that was written last; undefined when none was, or a metadata table was made since. */
  metadataMark(table: string): Promise<string | undefined>;
  /**
   * Brings the table's rows of the metadata tables to what is given, in one transaction: adds, changes, deletes only what
   * differs. Rows of other tables stay as they are; of the global option sets, which do not tell their table, all that another
   * table was written with. Nothing is written over rows with the mark of a later version, unless it is that which the
   * metadata `replaces`. Resolves to the number of rows that differed.
   */
  writeMetadata(metadata: TableMetadata): Promise<{ readonly changedRows: number }>;
  /**
   * The table's checkpoint for this activation. The first claim of an activation begins a new epoch: it continues a delta
   * of the same profile where it stopped, and otherwise starts with phase `identity`; later claims change nothing.
   * A table of another profile is refused with `DESTINATION_TABLE_CONFLICT` (`parameters[0]` is that profile's id), unless
   * `replaces` names it: the caller has seen that it does not replicate any more. Its rejected rows are then forgotten: the
   * load that begins finds out itself what is refused. Also told is what `nextAttemptAt` would tell.
   */
  claim(
    table: string,
    owner: { readonly profileId: string; readonly activation: number; readonly replaces?: string },
  ): Promise<Claim>;
  /**
   * Begins the table's load anew in a new epoch, marked for a sweep (the delta token is lost, or the table was dropped).
   * Whatever begins a load anew forgets the rows that were given up: the load finds out itself what is refused.
   */
  restart(table: string, turn: Turn): Promise<Checkpoint>;
  writePage(page: PageWrite): Promise<PageResult>;
  sweep(step: SweepStep): Promise<{ readonly checkpoint: Checkpoint; readonly deletedCount: number }>;
  /** Moves only the checkpoint. */
  advance(table: string, turn: Turn, advance: CheckpointAdvance): Promise<Checkpoint>;
  checkpoint(table: string): Promise<Checkpoint | undefined>;
  /** Rejected rows that were not given up and whose next attempt is due, oldest first. */
  dueRejectedRows(table: string, now: Date, limit: number): Promise<readonly RejectedRow[]>;
  /** When the next of them is due; undefined when there is none. */
  nextAttemptAt(table: string): Promise<Date | undefined>;
  /**
   * Writes what it can, deletes rows that are gone, forgets the records of both, and counts one more attempt for the others.
   */
  writeRetries(retry: RetryWrite): Promise<{ readonly rejected: readonly RejectedRow[] }>;
  /**
   * The ids of the rows that would be written, and of those gone that would be deleted, if they came now. Nothing is
   * changed: all of it is taken back. Destination faults fail the call.
   */
  wouldTake(
    table: DestinationTable,
    tried: { readonly rows: readonly Row[]; readonly goneIds: readonly string[] },
  ): Promise<ReadonlySet<string>>;
  /** Gives up rejected rows that are still as given (id, version, attempts), counting each once as a failure; how many. */
  giveUpRejectedRows(table: string, rows: readonly RejectedRow[], at: Date): Promise<number>;
  /**
   * Has rows exported again: rejected rows are due at `at`, with all attempts before them; of a whole table the load begins
   * anew. Failures of what is asked for count no more. Resolves to the number of rows (of a table: those that had been
   * given up); undefined when the table is not filled by this profile.
   */
  resync(
    table: string,
    asked: { readonly profileId: string; readonly scope: ResyncScope; readonly at: Date },
  ): Promise<number | undefined>;
  /** The latest `SinkModifiedOn` that rows of the table were written with, by whatever clock; undefined when there was none. */
  lastWrittenAt(table: string): Promise<Date | undefined>;
  /** How many rows the table has. Reads the whole table, or an index of it. */
  rowCount(table: string): Promise<number>;
  /** Row versions by id, as decimal text; ids without a row are absent. */
  rowVersions(table: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** The ids of at most `limit` rows after this one, in the destination's own order of ids; undefined: of the first rows. */
  idsAfter(table: string, afterId: string | undefined, limit: number): Promise<readonly string[]>;
  /** Those of the ids whose row is recorded as rejected, given up or not. */
  rejectedAmong(table: string, ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** When the certificate of the database server ends; undefined where the connection has none. */
  certificateEndsAt(): Promise<Date | undefined>;
  close(): Promise<void>;
}

/** Opens destinations of one kind of database by connection string. */
export interface Destinations {
  /** `SECRET_VALUE_INVALID` when the string is none; connects to nobody yet. Connections are pooled per process. */
  open(
    connectionString: string,
    namespace: { readonly schema: string; readonly prefix: string },
  ): Destination;
}

/** Opens the destination of a profile: reads its secret, checks the secret's tags and the kind of database, connects. */
export interface ProfileDestinations {
  /**
   * The secret is read again when `isFresh` asks for it, when it is older than a few minutes, or when its login was
   * refused. A secret that is not tagged with the organization and its tenant is never used. Fails with a `SECRET_*` or
   * `DESTINATION_*` code.
   */
  open(
    profile: Pick<Profile, 'organizationId' | 'destination'>,
    options?: { readonly isFresh?: boolean },
  ): Promise<Destination>;
}
