import { badQuery } from '../errors.ts';

export type Comparison = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le';
/** A literal: `text` is the value without quotes, in lower case where case has no meaning; null is the null literal. */
export type Literal = { kind: 'guid' | 'string' | 'number' | 'boolean' | 'date'; text: string } | null;
export type Filter =
  | { op: 'and' | 'or'; parts: Filter[] }
  | { op: 'not'; part: Filter }
  | { op: Comparison; property: string; value: Literal }
  | { op: 'contains' | 'startswith' | 'endswith'; property: string; value: Literal }
  | { op: 'any'; navigation: string; part: Filter }
  /** Never parsed: what `any` becomes when the keys of its rows are known. */
  | { op: 'in'; property: string; keys: ReadonlySet<string> };

const tokenPattern =
  /\s*(?:(?<string>(?:[A-Za-z_][\w.]*)?'(?:[^']|'')*')|(?<guid>[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})|(?<date>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?)|(?<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<word>[A-Za-z_][\w./]*)|(?<mark>[(),:]))/y;
const comparisons: readonly string[] = ['eq', 'ne', 'gt', 'ge', 'lt', 'le'];

type Token = { kind: 'string' | 'guid' | 'date' | 'number' | 'word' | 'mark'; text: string };

/** Parses `$filter`: comparisons with literals, and, or, not, parentheses, the three text functions and `any`. */
export function parseFilter(text: string): Filter {
  const tokens = tokenize(text);
  let position = 0;
  const peek = () => tokens[position];
  const take = () => tokens[position++] ?? fail();
  const isWord = (word: string) => peek()?.kind === 'word' && peek()?.text === word;
  const expect = (mark: string) => {
    if (take().text !== mark) fail();
  };

  function fail(): never {
    throw badQuery(
      `Syntax error at position ${tokens[position - 1]?.text ?? 'end'} in '${text.slice(0, 200)}'.`,
    );
  }
  function chain(op: 'and' | 'or', next: () => Filter): Filter {
    const parts = [next()];
    while (isWord(op)) {
      position++;
      parts.push(next());
    }
    return parts.length === 1 && parts[0] ? parts[0] : { op, parts };
  }
  const any = (): Filter => chain('or', all);
  const all = (): Filter => chain('and', one);

  function one(): Filter {
    const token = take();
    if (token.text === '(' && token.kind === 'mark') {
      const inner = any();
      expect(')');
      return inner;
    }
    if (token.kind !== 'word') fail();
    if (token.text === 'not') return { op: 'not', part: one() };
    if (token.text === 'contains' || token.text === 'startswith' || token.text === 'endswith') {
      expect('(');
      const property = member(take().text);
      expect(',');
      const value = literal(take());
      expect(')');
      return { op: token.text, property, value };
    }
    if (token.text.endsWith('/any')) return related(token.text.slice(0, -'/any'.length));
    const op = take();
    if (!comparisons.includes(op.text)) fail();
    return { op: op.text as Comparison, property: member(token.text), value: literal(take()) };
  }
  const variables: string[] = [];
  /** `navigation/any(x:x/name eq 'A' and x/age gt 1)`; inside, each member is one of the innermost variable. */
  function related(navigation: string): Filter {
    expect('(');
    const name = member(navigation);
    variables.push(take().text);
    expect(':');
    const part = any();
    expect(')');
    variables.pop();
    return { op: 'any', navigation: name, part };
  }
  function member(text: string): string {
    const variable = variables.at(-1);
    if (variable === undefined) return text;
    return text.startsWith(`${variable}/`) ? text.slice(variable.length + 1) : fail();
  }
  function literal(token: Token): Literal {
    if (token.kind === 'guid') return { kind: 'guid', text: token.text.toLowerCase() };
    if (token.kind === 'date' || token.kind === 'number') return { kind: token.kind, text: token.text };
    if (token.kind === 'string') {
      const quoted = token.text.slice(token.text.indexOf("'") + 1, -1);
      return { kind: 'string', text: quoted.replaceAll("''", "'") };
    }
    if (token.text === 'null') return null;
    if (token.text === 'true' || token.text === 'false') return { kind: 'boolean', text: token.text };
    return fail();
  }

  const filter = any();
  if (position < tokens.length) fail();
  return filter;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < end) {
    const start = tokenPattern.lastIndex;
    const groups = tokenPattern.exec(text)?.groups;
    const found = Object.entries(groups ?? {}).find(([, value]) => value !== undefined);
    if (!found?.[1]) throw badQuery(`Syntax error at position ${start} in '${text.slice(0, 200)}'.`);
    tokens.push({ kind: found[0] as Token['kind'], text: found[1] });
  }
  return tokens;
}

/** All properties of the table itself that the filter names, for the check that they exist. */
export function filterProperties(filter: Filter): string[] {
  if ('parts' in filter) return filter.parts.flatMap(filterProperties);
  if (filter.op === 'any') return [];
  return filter.op === 'not' ? filterProperties(filter.part) : [filter.property];
}

/** The filter with each `any` replaced by what `resolve` makes of it. */
export function resolveAny(filter: Filter, resolve: (any: Filter & { op: 'any' }) => Filter): Filter {
  if ('parts' in filter) return { ...filter, parts: filter.parts.map((part) => resolveAny(part, resolve)) };
  if (filter.op === 'not') return { ...filter, part: resolveAny(filter.part, resolve) };
  return filter.op === 'any' ? resolve(filter) : filter;
}
