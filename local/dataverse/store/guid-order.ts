/**
 * SQL Server orders a uniqueidentifier by its last group first and reads the first three groups byte by byte from
 * the right. `sortKey` turns a guid into text that sorts so; `guidOf` is its inverse.
 */
export function sortKey(guid: string): string {
  const g = guid.toLowerCase();
  return (
    g.slice(24) +
    g.slice(19, 23) +
    g.slice(16, 18) +
    g.slice(14, 16) +
    g.slice(11, 13) +
    g.slice(9, 11) +
    g.slice(6, 8) +
    g.slice(4, 6) +
    g.slice(2, 4) +
    g.slice(0, 2)
  );
}

export function guidOf(key: string): string {
  const first = key.slice(30) + key.slice(28, 30) + key.slice(26, 28) + key.slice(24, 26);
  const second = key.slice(22, 24) + key.slice(20, 22);
  const third = key.slice(18, 20) + key.slice(16, 18);
  return `${first}-${second}-${third}-${key.slice(12, 16)}-${key.slice(0, 12)}`;
}

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isGuid(text: string): boolean {
  return pattern.test(text);
}
