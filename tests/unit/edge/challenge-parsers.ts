/** Splits outside quotes, as both libraries do, each at its own separator. */
function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let part = '';
  let isQuoted = false;
  for (const letter of text) {
    if (letter === '"') isQuoted = !isQuoted;
    if (letter === separator && !isQuoted) {
      parts.push(part);
      part = '';
    } else part += letter;
  }
  return [...parts, part];
}

const unquoted = (text: string) => text.trim().replace(/^"|"$/g, '');

/** The rules of ADAL 2 to 5: `Bearer` and white space, pairs between commas, each with exactly one `=` outside quotes. */
export function parseLikeAdal(header: string): Record<string, string> {
  if (!/^Bearer\s/i.test(header)) throw new Error('not a Bearer challenge');
  const pairs = splitOutsideQuotes(header.slice('Bearer'.length).trim(), ',').map((pair) =>
    splitOutsideQuotes(pair, '='),
  );
  if (pairs.some((pair) => pair.length !== 2)) throw new Error('a pair has no or more than one "="');
  return Object.fromEntries(
    pairs.map(([key = '', value = '']) => [unquoted(key).toLowerCase(), unquoted(value)]),
  );
}

/** The rules of MSAL.NET: pairs between spaces outside quotes, commas at their ends stripped, no key twice. */
export function parseLikeMsal(header: string): Record<string, string> {
  const [scheme, ...pairs] = splitOutsideQuotes(header, ' ');
  if (scheme?.toLowerCase() !== 'bearer') throw new Error('not a Bearer challenge');
  const values: Record<string, string> = {};
  for (const pair of pairs.filter(Boolean)) {
    const [key = '', value = ''] = splitOutsideQuotes(pair.replace(/,+$/, ''), '=');
    if (unquoted(key) in values) throw new Error(`key ${key} comes twice`);
    values[unquoted(key)] = unquoted(value);
  }
  return {
    ...values,
    authority: (values.authorization_uri ?? '').replace(/\/oauth2\/authorize$/, '').replace(/\/v2\.0$/, ''),
  };
}
