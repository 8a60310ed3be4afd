/**
 * A stored row is one `,"property":value` a line, nulls left out, each value in the very text that goes over the wire:
 * money keeps its ten decimals and a BigInt its digits, and a page is made by joining lines instead of serialising.
 * JSON text never contains a line break, so a line is never cut. A property that starts with `#` is ours and never sent;
 * such lines come first.
 */
export type RowValues = Map<string, string>;

export function parseRow(text: string): RowValues {
  const values: RowValues = new Map();
  for (const line of text.split('\n')) {
    const end = line.indexOf('"', 2);
    values.set(line.slice(2, end), line.slice(end + 2));
  }
  return values;
}

/** One value, without parsing the rest: a quotation mark inside a text is escaped, so only a real line is found. */
export function valueIn(text: string, property: string): string | undefined {
  const start = `,"${property}":`;
  const at = text.indexOf(start);
  if (at < 0) return undefined;
  const end = text.indexOf('\n', at);
  return text.slice(at + start.length, end < 0 ? text.length : end);
}

export function formatRow(values: RowValues): string {
  const ours: string[] = [];
  const lines: string[] = [];
  for (const [name, value] of values)
    if (value !== 'null') (name.startsWith('#') ? ours : lines).push(`,"${name}":${value}`);
  return [...ours, ...lines].join('\n');
}

/** Where the table of a lookup's row is kept, for lookups that allow more than one table. */
export function lookupTableProperty(property: string): string {
  return `#${property}`;
}
