import type { WireData } from './functions-core.ts';

/**
 * What the real host tells a function with streams beside the request itself: members of a JSON body whose length was
 * announced, then the query, then the parameters of the route, each in the place of those before it. Names are one in any
 * case, and keep the spelling that came first. `Query` and `Headers` follow, but do not replace what has their names.
 */
export function httpBindingData(
  body: Buffer,
  { searchParams }: URL,
  params: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>>,
): Record<string, WireData> {
  const bound = new Map<string, [name: string, value: WireData]>();
  const bind = (name: string, value: WireData) => {
    const key = name.toUpperCase();
    bound.set(key, [bound.get(key)?.[0] ?? name, value]);
  };
  for (const [name, value] of jsonMembers(body)) bind(name, value);
  for (const [name, value] of searchParams) if (name.toLowerCase() !== 'code') bind(name, { string: value });
  for (const [name, value] of Object.entries(params)) bind(name, { string: value });
  const query = { json: JSON.stringify(Object.fromEntries(searchParams)) };
  if (!bound.has('QUERY')) bind('Query', query);
  if (!bound.has('HEADERS')) bind('Headers', { json: JSON.stringify(headers) });
  return Object.fromEntries(bound.values());
}

/** None where anything about the body is unusual, such as nesting too deep to be written again. */
function jsonMembers(body: Buffer): [name: string, value: WireData][] {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
    return Object.entries(value)
      .filter(([, member]) => member !== null && !Array.isArray(member))
      .map(([name, member]) => [
        name,
        typeof member === 'object' ? { json: JSON.stringify(member) } : { string: String(member) },
      ]);
  } catch {
    return [];
  }
}
