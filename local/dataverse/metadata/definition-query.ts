import { badQuery } from '../errors.ts';
import { type Filter, parseFilter } from '../odata/filter.ts';

export type Definition = Record<string, unknown>;

/** Keeps the selected properties; `MetadataId` always stays. An unknown one is the same error as for a row. */
export function selectFrom(
  definition: Definition,
  select: string | null | undefined,
  type: string,
): Definition {
  if (!select) return definition;
  const names = select.split(',').map((name) => name.trim());
  const kept: Definition = {};
  for (const name of [...names, 'MetadataId']) {
    if (!(name in definition))
      throw badQuery(`Could not find a property named '${name}' on type 'Microsoft.Dynamics.CRM.${type}'.`);
    kept[name] = definition[name];
  }
  if (typeof definition['@odata.type'] === 'string')
    return { '@odata.type': definition['@odata.type'], ...kept };
  return kept;
}

/** Whether a definition passes a simple `$filter`; `A/Value` looks into managed properties. */
export function isInFilter(definition: Definition, filterText: string | null | undefined): boolean {
  return !filterText || matches(parseFilter(filterText), definition);
}

function matches(filter: Filter, definition: Definition): boolean {
  if ('parts' in filter)
    return filter.op === 'and'
      ? filter.parts.every((part) => matches(part, definition))
      : filter.parts.some((part) => matches(part, definition));
  if (filter.op === 'not') return !matches(filter.part, definition);
  if (filter.op === 'any' || filter.op === 'in')
    throw badQuery('The operator any is not supported for definitions.');
  const value = filter.property
    .split('/')
    .reduce<unknown>((object, name) => (object as Definition | null)?.[name] ?? null, definition);
  const have = value === null ? null : String(value).toLowerCase();
  const wanted = filter.value === null ? null : filter.value.text.toLowerCase();
  if (filter.op === 'eq') return have === wanted;
  if (filter.op === 'ne') return have !== wanted;
  if (have === null || wanted === null) return false;
  if (filter.op === 'contains') return have.includes(wanted);
  if (filter.op === 'startswith') return have.startsWith(wanted);
  if (filter.op === 'endswith') return have.endsWith(wanted);
  const difference = Number(have) - Number(wanted);
  return { gt: difference > 0, ge: difference >= 0, lt: difference < 0, le: difference <= 0 }[filter.op];
}

export type Expansion = { name: string; options: Map<string, string> };

/** Splits `$expand=Attributes($select=A,B;$filter=...),Keys` at the commas outside parentheses. */
export function parseExpand(text: string | null | undefined): Expansion[] {
  return splitOutside(text ?? '', ',').map((part) => {
    const [, name = part, inner = ''] = /^(\w+)\((.*)\)$/s.exec(part.trim()) ?? [];
    const options = splitOutside(inner, ';').map((option): [string, string] => {
      const at = option.indexOf('=');
      return [option.slice(0, at).trim(), option.slice(at + 1)];
    });
    return { name: name.trim(), options: new Map(options) };
  });
}

function splitOutside(text: string, mark: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const letter of text) {
    if (letter === '(') depth++;
    if (letter === ')') depth--;
    if (letter === mark && depth === 0) {
      parts.push(part);
      part = '';
    } else part += letter;
  }
  return [...parts, part].filter((one) => one.trim() !== '');
}
