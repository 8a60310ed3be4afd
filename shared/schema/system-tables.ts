/** The tables that replication keeps beside the data; the profile's prefix stands in front of them, too. */
export const systemTables = {
  checkpoint: 'ReplicationCheckpoint',
  rejectedRow: 'ReplicationRejectedRow',
  deleteLog: 'DeleteLog',
} as const;

/** The name of a table in the destination: DES separates the prefix by an underscore, and none has none. */
export function prefixedName(prefix: string, table: string): string {
  return prefix === '' ? table : `${prefix}_${table}`;
}
