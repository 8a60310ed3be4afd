interface VersionedRow {
  readonly id: string;
  /** A decimal text. */
  readonly version: string | null;
}

export interface AccountRevenue {
  readonly revenue: string | null;
  readonly version: bigint;
}

const versionOf = ({ version }: VersionedRow) => BigInt(version ?? 0);

/** Versions by id, of rows as either driver gives them. */
export function versionsById(rows: readonly VersionedRow[]): ReadonlyMap<string, bigint> {
  return new Map(rows.map((row) => [row.id, versionOf(row)]));
}

/** The same with the revenue, to its last digit. */
export function revenuesById(
  rows: readonly (VersionedRow & { readonly revenue: string | null })[],
): ReadonlyMap<string, AccountRevenue> {
  return new Map(rows.map((row) => [row.id, { revenue: row.revenue, version: versionOf(row) }]));
}
