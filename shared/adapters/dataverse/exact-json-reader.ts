import { parseExactJson } from './exact-json.ts';

/** JSON that comes bit by bit, as UTF-8. */
export interface ExactJsonReader {
  take(bytes: Uint8Array): void;
  /** What it says, as `parseExactJson` has it; undefined when nothing came. Throws a `SyntaxError` when it is no JSON. */
  end(): unknown;
}

/** An answer whose last member so far is its list of rows. */
type Page = { readonly value: unknown[] };

/** Where a row begins behind another one: this is the first member of each that Dataverse sends. */
const nextRow = Buffer.from(',{"@odata.etag":');
/** Enough for parsing to be cheap, and little beside a page, which may be a hundred times as long. */
const usualBytes = 2 ** 18;

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** The beginning of an answer up to the end of a row; undefined when that row is not one of its `value`. */
function pageIn(beginning: string): Page | undefined {
  const page = parseExactJson(`${beginning}]}`) as Page;
  return Object.keys(page).at(-1) === 'value' && Array.isArray(page.value) ? page : undefined;
}

/**
 * Parses the rows of a page while they come, so that neither its bytes nor its text are ever held whole: as text that is twice
 * what it is as bytes, once more for its long numbers. It is cut where a row seems to begin. That what stands before parses
 * with the list closed behind it shows that one does: elsewhere a quote or a bracket would be open. If it does not parse, and
 * where there are no such rows, it is kept until twice as much has come, or all.
 */
export function exactJsonReader(pieceBytes = usualBytes): ExactJsonReader {
  let held: Uint8Array[] = [];
  let length = 0;
  let wanted = pieceBytes;
  let page: Page | undefined;

  function add(rows: readonly unknown[], to: Page): void {
    for (const row of rows) to.value.push(row);
  }

  function isParsed(piece: string): boolean {
    try {
      if (page) add(parseExactJson(`[${piece}]`) as unknown[], page);
      else page = pageIn(piece);
      return page !== undefined;
    } catch {
      return false;
    }
  }

  return {
    take(bytes) {
      held.push(bytes);
      length += bytes.length;
      if (length < wanted) return;
      const all = Buffer.concat(held, length);
      const cut = all.lastIndexOf(nextRow);
      const kept = cut > 0 && isParsed(textOf(all.subarray(0, cut))) ? all.subarray(cut + 1) : all;
      held = [kept];
      length = kept.length;
      wanted = Math.max(pieceBytes, 2 * length);
    },
    end() {
      const rest = textOf(Buffer.concat(held, length));
      if (page === undefined) return rest === '' ? undefined : parseExactJson(rest);
      const last = parseExactJson(`{"value":[${rest}`) as Page;
      add(last.value, page);
      return { ...page, ...last, value: page.value };
    },
  };
}
