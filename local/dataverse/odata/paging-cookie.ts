import { DataverseError, errorCodes } from '../errors.ts';

/**
 * What a `$skiptoken` carries: the page to read and the key (and order values) of the last row of the page before. While
 * changes are tracked `tracking` holds what the read began with; the real service keeps that where we cannot see it.
 */
export type PagingCookie = {
  page: number;
  last: Record<string, string>;
  first: Record<string, string>;
  tracking?: Record<string, string>;
  /** The columns of the first page, where a page is only given with them. */
  select?: string;
};

export function encodeLower(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`)
    .replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
}

/** The value of `$skiptoken`, ready to be put into a link. */
export function formatCookie(cookie: PagingCookie): string {
  const columns = Object.keys(cookie.last).map(
    (column) =>
      `<${column} last="${xmlText(cookie.last[column])}" first="${xmlText(cookie.first[column])}" />`,
  );
  const inner = `<cookie page="${cookie.page - 1}">${columns.join('')}</cookie>`;
  const tracking = Object.entries(cookie.tracking ?? {}).map(([name, value]) => ` ${name}="${value}"`);
  const select = cookie.select === undefined ? '' : ` select="${cookie.select}"`;
  const outer = `<cookie pagenumber="${cookie.page}" pagingcookie="${encodeLower(inner)}" istracking="${cookie.tracking ? 'True' : 'False'}"${select}${tracking.join('')} />`;
  return encodeURIComponent(outer);
}

/** Reads a `$skiptoken` that the query string has already been decoded from. */
export function parseCookie(text: string): PagingCookie {
  const outer = attributes(text);
  const inner = decode(outer.pagingcookie ?? '');
  const page = Number(outer.pagenumber);
  if (!/^<cookie /.test(text) || !inner.startsWith('<cookie ') || !(page > 1)) throw invalidCookie();
  const last: Record<string, string> = {};
  const first: Record<string, string> = {};
  for (const [, column = '', rest = ''] of inner.matchAll(/<(?!cookie|\/)([\w]+)((?: \w+="[^"]*")*) ?\/>/g)) {
    const values = attributes(rest);
    last[column] = values.last ?? '';
    first[column] = values.first ?? '';
  }
  const { pagenumber, pagingcookie, istracking, select, ...tracking } = outer;
  return {
    ...{ page, last, first },
    ...(istracking === 'True' ? { tracking } : {}),
    ...(select === undefined ? {} : { select }),
  };
}

export function invalidCookie(): DataverseError {
  return new DataverseError(400, errorCodes.pagingCookie, 'Malformed XML in the Paging Cookie.');
}

function attributes(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/ (\w+)="([^"]*)"/g)].map(([, name, value = '']) => [name, plainText(value)]),
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidCookie();
  }
}

function xmlText(text = ''): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}

function plainText(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
}
