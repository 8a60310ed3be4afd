import { annotationNames } from '../odata/prefer.ts';
import { type Column, isLookup } from '../schema/table.ts';
import type { StoredRow } from '../store/row-store.ts';
import { lookupTableProperty, parseRow, type RowValues } from '../store/row-text.ts';
import { formattedValue } from './formatted-value.ts';
import type { PrimaryNames } from './primary-names.ts';
import type { Selection } from './selection.ts';

export type AnnotationOptions = {
  isWanted: (name: string) => boolean;
  names: PrimaryNames;
  isComplete: boolean;
};

/**
 * Makes the JSON of rows, for one selection. The lines of the stored text are copied as they are; first the members that
 * have a value, then the nulls, as recorded rows show it (`nullsLast` false: in the order of the selection).
 */
export function rowWriter(
  selection: Selection,
  nullsLast: boolean,
  annotations?: AnnotationOptions,
): (row: StoredRow) => string {
  const { columns } = selection;
  if (annotations || !nullsLast) return (row) => orderedJson(row, columns, nullsLast, annotations);
  const index = new Map(columns.map((column, at) => [column.property, at]));
  const nulls = columns.map((column) => `,"${column.property}":null`);
  const seen = new Uint32Array(columns.length);
  let round = 0;
  return (row) => {
    round++;
    let json = `{"@odata.etag":"W/\\"${row.version}\\""`;
    for (const line of row.text.split('\n')) {
      const at = index.get(line.slice(1, line.indexOf('"', 1)));
      if (at === undefined) continue;
      seen[at] = round;
      json += `,${line}`;
    }
    for (let at = 0; at < nulls.length; at++) if (seen[at] !== round) json += nulls[at];
    return `${json}}`;
  };
}

function orderedJson(
  row: StoredRow,
  columns: Column[],
  nullsLast: boolean,
  annotations: AnnotationOptions | undefined,
): string {
  const values = parseRow(row.text);
  let json = `{"@odata.etag":"W/\\"${row.version}\\""`;
  let nulls = '';
  for (const column of columns) {
    const raw = values.get(column.property);
    if (raw !== undefined) {
      if (annotations) json += annotationsOf(column, raw, values, annotations);
      json += `,"${column.property}":${raw}`;
    } else if (nullsLast) nulls += `,"${column.property}":null`;
    else json += `,"${column.property}":null`;
  }
  return `${json}${nulls}}`;
}

function annotationsOf(
  column: Column,
  raw: string,
  values: RowValues,
  { isWanted, names, isComplete }: AnnotationOptions,
): string {
  let json = '';
  if (!isLookup(column)) {
    const text = isWanted(annotationNames.formatted) ? formattedValue(column, raw) : undefined;
    return text === undefined ? '' : `,"${column.property}@${annotationNames.formatted}":${text}`;
  }
  const table = values.get(lookupTableProperty(column.property))?.slice(1, -1) ?? column.targets[0] ?? '';
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
