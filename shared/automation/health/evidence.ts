import type { FailureCause } from '../../model/failure.ts';
import type { HealthCondition, HealthKind } from '../../model/health-finding.ts';
import type { ExportedProfile, ExportedTable, ExporterApi, ProfileTest } from '../../ports/exporter-api.ts';
import type { HealthLimits } from './health-ports.ts';

/** Failures of a table that are not healed. */
export interface TableFailures {
  readonly rows: number;
  /** There are more: not all were counted. */
  readonly isAtLeast: boolean;
  /** Of most of the rows. */
  readonly cause: FailureCause;
  /** When the first of them happened (ISO 8601). */
  readonly since: string;
  /** Rows that are not written again by themselves. */
  readonly givenUp: number;
}

/** What is known of one table at this look. Undefined is what nobody asked, or could tell. */
export interface TableEvidence {
  readonly table: ExportedTable;
  /** Since when it has done nothing (ISO 8601). */
  readonly stillSince: string;
  /** Failures that the exporter counts more than at the last look. */
  readonly newFailures: number;
  /** A change of the source that has not arrived, or that there is none. */
  readonly waiting: 'nothing' | { readonly changedAt: string } | undefined;
  /** Rows on both sides, and how far they may be apart. */
  readonly counts:
    | { readonly source: number; readonly destination: number; readonly allowed: number }
    | undefined;
}

/** What is known of a profile at one look. */
export interface Evidence {
  readonly now: string;
  readonly limits: HealthLimits;
  readonly profile: ExportedProfile;
  /** When it was last seen active, before this look. */
  readonly activeAt: string | undefined;
  /** By table; undefined when the ledger could not be read. */
  readonly failures: ReadonlyMap<string, TableFailures> | undefined;
  readonly tables: readonly TableEvidence[];
  readonly test: ProfileTest | undefined;
  /** How long Dataverse takes a delta token. */
  readonly tokenDays: number;
  readonly secret: Awaited<ReturnType<ExporterApi['secret']>>;
}

/** What was looked at, and what is wrong with it; nothing when `condition` is absent. */
export interface Look {
  readonly kind: HealthKind;
  readonly table?: string;
  readonly condition?: HealthCondition | undefined;
}

/** Seconds between two ISO times. */
export const secondsFrom = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 1000;

export const daySeconds = 86_400;
