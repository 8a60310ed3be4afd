/** The tables that replication keeps beside the data; the profile's prefix stands in front of them, too. */
export const systemTables = {
  checkpoint: 'ReplicationCheckpoint',
  rejectedRow: 'ReplicationRejectedRow',
  metadataMark: 'ReplicationMetadata',
  globalOptionNeed: 'ReplicationGlobalOption',
  deleteLog: 'DeleteLog',
  optionSet: 'OptionSetMetadata',
  globalOptionSet: 'GlobalOptionSetMetadata',
  state: 'StateMetadata',
  status: 'StatusMetadata',
  target: 'TargetMetadata',
  attribute: 'AttributeMetadata',
} as const;

/** The name of a table in the destination: DES separates the prefix by an underscore, and none has none. */
export function prefixedName(prefix: string, table: string): string {
  return prefix === '' ? table : `${prefix}_${table}`;
}
