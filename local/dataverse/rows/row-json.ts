import { annotationNames } from '../odata/prefer.ts';
import { type Column, isLookup } from '../schema/table.ts';
import type { StoredRow } from '../store/row-store.ts';
import { formattedValue } from './formatted-value.ts';
import type { PrimaryNames } from './primary-names.ts';
import type { Selection } from './selection.ts';

export type AnnotationOptions = {
  isWanted: (name: string) => boolean;
  names: PrimaryNames;
  isComplete: boolean;
};
/** Makes the JSON of a row. */
export type RowWriter = (row: StoredRow) => string;

const repeating: readonly Column['type'][] = [
  'boolean',
  'picklist',
  'state',
  'status',
  'lookup',
  'customer',
  'owner',
];

/**
 * Makes the JSON of rows, for one selection and one answer. Members with a value come first, in the order they are
 * stored, then the nulls, as recorded rows show it. A page has a million members, so nothing is parsed and serialised:
 * stored lines are appended as they are, and neighbouring nulls as one piece.
 */
export function rowWriter({ columns }: Selection, annotations?: AnnotationOptions): RowWriter {
  const index = new Map(columns.map((column, at) => [column.property, at]));
  const nulls = nullRuns(columns);
  const seen = new Uint32Array(columns.length);
  const annotated = columns.map(() => new Map<string, string>());
  const tables = new Map<string, string>();
  const pieces: string[] = [];
  let round = 0;

  function withAnnotations(at: number, line: string, valueAt: number): string {
    const column = columns[at] as Column;
    const isRepeating = repeating.includes(column.type);
    const table = tables.get(column.property);
    const key = table === undefined ? line : table + line;
    const known = isRepeating ? annotated[at]?.get(key) : undefined;
    if (known !== undefined) return known;
    const made = annotationsOf(column, line.slice(valueAt), table, annotations as AnnotationOptions) + line;
    if (isRepeating) annotated[at]?.set(key, made);
    return made;
  }

  return ({ text, version }) => {
    round++;
    tables.clear();
    pieces.length = 0;
    pieces.push(`{"@odata.etag":"W/\\"${version}\\""`);
    for (let start = 0; start < text.length; ) {
      const lineEnd = text.indexOf('\n', start);
      const end = lineEnd < 0 ? text.length : lineEnd;
      const nameEnd = text.indexOf('"', start + 2);
      const name = text.slice(start + 2, nameEnd);
      const at = index.get(name);
      if (at !== undefined) {
        seen[at] = round;
        const line = text.slice(start, end);
        pieces.push(annotations ? withAnnotations(at, line, nameEnd + 2 - start) : line);
      } else if (annotations && name.startsWith('#'))
        tables.set(name.slice(1), text.slice(nameEnd + 3, end - 1));
      start = end + 1;
    }
    for (let at = 0; at < columns.length; at++) {
      if (seen[at] === round) continue;
      const from = at;
      while (at + 1 < columns.length && seen[at + 1] !== round) at++;
      pieces.push(nulls(from, at));
    }
    pieces.push('}');
    return pieces.join('');
  };
}

/** `,"a":null,"b":null` for the columns from one to another. */
function nullRuns(columns: Column[]): (from: number, to: number) => string {
  const ends: number[] = [];
  let all = '';
  for (const column of columns) {
    all += `,"${column.property}":null`;
    ends.push(all.length);
  }
  const flat = Buffer.from(all).toString();
  return (from, to) => flat.slice(ends[from - 1] ?? 0, ends[to]);
}

function annotationsOf(
  column: Column,
  raw: string,
  storedTable: string | undefined,
  { isWanted, names, isComplete }: AnnotationOptions,
): string {
  if (!isLookup(column)) {
    const text = isWanted(annotationNames.formatted) ? formattedValue(column, raw) : undefined;
    return text === undefined ? '' : `,"${column.property}@${annotationNames.formatted}":${text}`;
  }
  let json = '';
  const table = storedTable ?? column.targets[0] ?? '';
  if (isWanted(annotationNames.formatted)) {
    const name = names.nameOf(table, raw.slice(1, -1));
    if (name !== undefined) json += `,"${column.property}@${annotationNames.formatted}":${name}`;
  }
  const isPlatformWritten = column.name === 'modifiedby' || column.name === 'createdby';
  if (isWanted(annotationNames.navigation) && (isComplete || !isPlatformWritten)) {
    const isPolymorphic = column.type !== 'owner' && column.targets.length > 1;
    json += `,"${column.property}@${annotationNames.navigation}":"${column.name}${isPolymorphic ? `_${table}` : ''}"`;
  }
  if (isWanted(annotationNames.lookupTable))
    json += `,"${column.property}@${annotationNames.lookupTable}":"${table}"`;
  return json;
}
