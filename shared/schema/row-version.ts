import type { Row } from '../model/change.ts';

/** Compares row versions given as decimal text without sign and leading zeros; negative when `a` is the older. */
export function compareVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The greater of two row versions. */
export function laterVersion(a: string, b: string): string {
  return compareVersions(a, b) < 0 ? b : a;
}

/** The version of a row as the Web API gives it: `versionnumber`, or else its etag `W/"123"`; "0" when it has neither. */
export function versionOfRow(row: Row): string {
  const version = row.versionnumber;
  if (typeof version === 'number') return String(version);
  if (typeof version === 'string' && version !== '') return version;
  const etag = row['@odata.etag'];
  return (typeof etag === 'string' && /^W\/"(\d+)"$/.exec(etag)?.[1]) || '0';
}
