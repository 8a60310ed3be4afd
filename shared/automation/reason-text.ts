/** A reason is looked at up to here. */
export const beginningOf = (reason: string) => reason.slice(0, 4000);

/** Where SQL Server and PostgreSQL begin to tell values of the row, not always in quotes; to the end of the text. */
const valuesBegin =
  /truncated value:|duplicate key value is \(|failing row contains \(|\bkey \(|\b(?:detail|context|statement|where): |(?:syntax for type [\w ]{1,60}|out of range|value for enum \S{1,130}): "/i;
/** The value of a failed conversion may hold quotes itself: it ends at the last one. */
const convertedValue = /\bvalue '.*'/is;

const closers: Readonly<Record<string, string>> = {
  ...{ '"': '"', "'": "'", '`': '`' },
  ...{ '“': '”', '„': '“', '‘': '’', '«': '»', '»': '«' },
};

/** The part of a reason that is looked at: its beginning, up to the values of the row that a database adds. */
export function toldPart(reason: string): string {
  const text = beginningOf(reason);
  const found = valuesBegin.exec(text);
  const told = found ? text.slice(0, found.index + found[0].length) : text;
  return told.replace(convertedValue, "value '...'");
}

/**
 * A text with `"..."` for everything in quotes: names and values say nothing of the cause. A quote that has no end takes
 * the rest of the text with it; an apostrophe within or after a word is none.
 */
export function withoutQuoted(text: string): string {
  const kept: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const closer = closers[text.charAt(at)];
    if (closer === undefined || isWordAt(text, at - 1)) continue;
    kept.push(text.slice(start, at), '"..."');
    at = endOfQuote(text, at + 1, closer);
    start = at + 1;
  }
  return kept.join('') + text.slice(start);
}

function endOfQuote(text: string, from: number, closer: string): number {
  for (let at = text.indexOf(closer, from); at !== -1; at = text.indexOf(closer, at + 1))
    if (!isWordAt(text, at + 1)) return at;
  return text.length;
}

/** `#` stands for a word in a pattern. */
const isWordAt = (text: string, at: number) => /[\p{L}\p{N}_#]/u.test(text.charAt(at));
