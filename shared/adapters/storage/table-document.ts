import { createHash } from 'node:crypto';
import type { TableEntity } from '@azure/data-tables';
import { ServiceError } from '../../errors.ts';

/** Where a document is. */
export interface DocumentKey {
  readonly partitionKey: string;
  readonly rowKey: string;
}

/** What checks a stored document; the zod schemas of the model fit. */
export interface DocumentSchema<T> {
  safeParse(value: unknown):
    | { readonly success: true; readonly data: T }
    | {
        readonly success: false;
        readonly error: { readonly issues: readonly { readonly path: PropertyKey[] }[] };
      };
}

// A text property holds 64 KiB of UTF-16.
const mostCharacters = 32_000;

/** A key made of any text: itself where Table Storage takes it, else a hash. */
export function keyOf(text: string): string {
  if (/^[\w.|:-]{1,250}$/.test(text)) return text;
  return `~${createHash('sha256').update(text).digest('hex')}`;
}

/** The document as JSON over as many text properties as it needs, beside columns for filters and for people. */
export function writeDocument(
  key: DocumentKey,
  document: unknown,
  columns: Readonly<Record<string, string>> = {},
): TableEntity<Record<string, string>> {
  const json = JSON.stringify(document);
  const parts: Record<string, string> = {};
  for (let at = 0, part = 0; at < json.length; part += 1) {
    // Half of a surrogate pair would not survive.
    const isPairCut = /[\uD800-\uDBFF]/.test(json[at + mostCharacters - 1] ?? '');
    const end = at + mostCharacters - (isPairCut ? 1 : 0);
    parts[`document${part || ''}`] = json.slice(at, end);
    at = end;
  }
  return { ...columns, ...parts, ...key };
}

/** The stored document, or `STORAGE_DOCUMENT_UNREADABLE` with the key and the members that are wrong. */
export function readDocument<T>(table: string, entity: object, schema: DocumentSchema<T>): T {
  const properties = entity as Readonly<Record<string, unknown>>;
  let json = '';
  for (let part = 0; typeof properties[`document${part || ''}`] === 'string'; part += 1)
    json += properties[`document${part || ''}`];
  const parsed = schema.safeParse(parseJson(json));
  if (parsed.success) return parsed.data;
  const members = parsed.error.issues.map(({ path }) => path.join('.') || 'the whole').join(', ');
  throw new ServiceError(
    'STORAGE_DOCUMENT_UNREADABLE',
    `Cannot read "${properties.partitionKey}" / "${properties.rowKey}" of table "${table}": ${members} cannot be understood; expected a document of this version.`,
  );
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
