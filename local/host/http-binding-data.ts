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
  for (const [name, value] of Object.entries(jsonMembers(body))) {
    if (value === null || Array.isArray(value)) continue;
    bind(name, typeof value === 'object' ? { json: JSON.stringify(value) } : { string: String(value) });
  }
  for (const [name, value] of searchParams) if (name.toLowerCase() !== 'code') bind(name, { string: value });
  for (const [name, value] of Object.entries(params)) bind(name, { string: value });
  const query = { json: JSON.stringify(Object.fromEntries(searchParams)) };
  if (!bound.has('QUERY')) bind('Query', query);
  if (!bound.has('HEADERS')) bind('Headers', { json: JSON.stringify(headers) });
  return Object.fromEntries(bound.values());
}

function jsonMembers(body: Buffer): object {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  } catch {
    return {};
  }
}
