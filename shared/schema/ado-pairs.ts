/** One `keyword=value` of a connection string. */
export interface AdoPair {
  /** In lower case, without blanks: `datasource`. */
  readonly keyword: string;
  /** Without the quotes around it. */
  readonly value: string;
  readonly isQuoted: boolean;
}

/** Quoted values may hold any of the separators, so they are taken whole; blanks stay with the keyword, for one way to match. */
const pair = /(?:\s*;)*([^=;]+)=\s*("(?:[^"]|"")*"|'(?:[^']|'')*'|[^;]*)\s*(?:;|$)/y;

/** The pairs of an ADO.NET connection string, in their order; undefined when something stands between them. */
export function adoPairs(text: string): readonly AdoPair[] | undefined {
  const pairs: AdoPair[] = [];
  let end = 0;
  while (end < text.length) {
    pair.lastIndex = end;
    const [all, keyword = '', value = ''] = pair.exec(text) ?? [];
    if (all === undefined) return text.slice(end).replace(/[;\s]/g, '') === '' ? pairs : undefined;
    pairs.push({ keyword: keyword.replace(/\s/g, '').toLowerCase(), ...withoutQuotes(value) });
    end += all.length;
  }
  return pairs;
}

function withoutQuotes(value: string): Pick<AdoPair, 'value' | 'isQuoted'> {
  const [quote = ''] = value;
  const isQuoted = /^(?:"(?:[^"]|"")*"|'(?:[^']|'')*')$/.test(value);
  if (!isQuoted) return { value: value.trim(), isQuoted };
  return { value: value.slice(1, -1).replaceAll(quote + quote, quote), isQuoted };
}
