import {
  type Column,
  type ColumnType,
  lookupTypes,
  type ManyToMany,
  type Option,
  type Table,
} from './table.ts';

const bounds: Partial<Record<ColumnType, readonly [string, string]>> = {
  integer: ['-2147483648', '2147483647'],
  bigint: ['-9223372036854775808', '9223372036854775807'],
  double: ['0', '1000000000'],
  money: ['0', '100000000000000'],
  decimal: ['0', '100000000000'],
};
const formats: Partial<Record<ColumnType, string>> = {
  string: 'Text',
  memo: 'TextArea',
  lookup: 'None',
  customer: 'None',
  owner: 'None',
  partylist: 'None',
  integer: 'None',
  datetime: 'DateAndTime',
};
const withSourceType: readonly ColumnType[] = [
  'string',
  'boolean',
  'picklist',
  'integer',
  'double',
  'money',
  'datetime',
  'decimal',
  'multiselectpicklist',
];
const required = {
  none: 'None',
  recommended: 'Recommended',
  application: 'ApplicationRequired',
  system: 'SystemRequired',
} as const;
const yomiTargets = ['account', 'contact', 'lead', 'systemuser', 'team'];

/**
 * Reads the definition of one table. The first line describes the table, every other line one column:
 * `number SchemaName type key=value ...; display name; value label | value label`. What the platform gives every column
 * of a type is the default and not written. `include` lines take the columns of another text, and a table with the flag
 * `auto` gets the name columns of its lookups and options without a line for each.
 */
export function parseTable(text: string, include: (name: string) => string): Table {
  const [head, ...lines] = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('//'));
  const [words, displayName = ''] = (head ?? '').split(';').map((part) => part.trim());
  const [, schemaName = '', ...rest] = (words ?? '').split(' ');
  const facts = keyValues(rest);
  const flags = (facts.get('flags') ?? '').split(',');
  const table: Table = {
    name: schemaName.toLowerCase(),
    schemaName,
    set: facts.get('set') ?? '',
    code: Number(facts.get('code')),
    id: facts.get('id') ?? '',
    primaryName: facts.get('name') ?? '',
    ownership: facts.get('owner') ?? 'None',
    displayName,
    isActivity: flags.includes('activity'),
    isIntersect: flags.includes('intersect'),
    isChangeTracked: flags.includes('tracked'),
    canEnableChangeTracking: !flags.includes('tracking-fixed'),
    hasOptimisticConcurrency: flags.includes('concurrency'),
    manyToMany: [],
    columns: [],
  };
  addLines(table, lines, include);
  if (flags.includes('auto')) addNameColumns(table);
  return table;
}

function addLines(table: Table, lines: string[], include: (name: string) => string): void {
  for (const line of lines) {
    const words = line.trim().split(' ');
    if (words[0] === 'include')
      addLines(
        table,
        include(words[1] ?? '')
          .split('\n')
          .filter(Boolean),
        include,
      );
    else if (words[0] === 'many-to-many') table.manyToMany.push(manyToMany(words));
    else table.columns.push(parseColumn(line, table));
  }
}

function manyToMany([, schemaName = '', intersect = '', first = '', second = '']: string[]): ManyToMany {
  const side = (text: string) => ({ table: text.split('.')[0] ?? '', column: text.split('.')[1] ?? '' });
  return { schemaName, intersect, first: side(first), second: side(second) };
}

/** Reads one column line; `number` may be missing, then the column follows the last one. */
export function parseColumn(line: string, table: Table): Column {
  const [left = '', displayName, optionText] = line.split(';').map((part) => part.trim());
  const words = left.split(' ');
  const last = table.columns.at(-1)?.number ?? 0;
  const number = /^\d+$/.test(words[0] ?? '') ? Number(words.shift()) : last + 1;
  const [schemaName = '', typeWord = '', ...rest] = words;
  const type = typeWord as ColumnType;
  const facts = keyValues(rest);
  const name = schemaName.toLowerCase();
  const of = facts.get('of');
  const isNameColumn =
    type === 'virtual' || (type === 'string' && of !== undefined && !of.startsWith('entityimage'));
  const access = facts.get('access') ?? (isNameColumn ? 'r' : 'rcu');
  const isPrimaryId = name === table.id;
  const optionSetName = facts.get('global') ?? facts.get('set') ?? `${table.name}_${name}`;
  const [min, max] = facts.has('unbounded') ? [] : (bounds[type] ?? []);
  const length = numberOf(facts.get('length'));
  const format = facts.get('format') ?? formats[type];
  return {
    name,
    schemaName,
    number,
    type,
    property: lookupTypes.includes(type) ? `_${name}_value` : name,
    canRead: access.includes('r'),
    canCreate: access.includes('c'),
    canUpdate: access.includes('u'),
    isValidOData: facts.has('odata')
      ? facts.get('odata') === 'yes'
      : access.includes('r') && (of === undefined || of.startsWith('entityimage')),
    isLogical: facts.has('logical') ? facts.get('logical') === 'yes' : isNameColumn,
    isPrimaryId: isPrimaryId || facts.has('primary-id'),
    isPrimaryName: facts.has('primary-name')
      ? facts.get('primary-name') === 'yes'
      : name === table.primaryName,
    isPrimaryImage: facts.has('primary-image'),
    isSecured: facts.has('secured'),
    required: required[(facts.get('required') ?? (isPrimaryId ? 'system' : 'none')) as keyof typeof required],
    targets: facts.get('to')?.split(',') ?? [],
    ...defined({
      of,
      baseOf: facts.get('base-of'),
      sourceType: numberOf(facts.get('source')) ?? (withSourceType.includes(type) ? 0 : undefined),
      length,
      databaseLength: facts.has('database-length')
        ? numberOf(facts.get('database-length'))
        : type === 'string' && length !== undefined
          ? length * 2
          : undefined,
      format,
      formatName:
        (type === 'string' || type === 'memo') && facts.get('format-name') !== 'none'
          ? (facts.get('format-name') ?? format)
          : undefined,
      behavior: type === 'datetime' ? (facts.get('behavior') ?? 'UserLocal') : undefined,
      precision: numberOf(facts.get('precision')),
      precisionSource: type === 'money' ? (numberOf(facts.get('precision-source')) ?? 2) : undefined,
      min: facts.get('min') ?? min,
      max: facts.get('max') ?? max,
      options: optionText === undefined ? undefined : parseOptions(optionText),
      optionSet:
        optionText === undefined ? undefined : { name: optionSetName, isGlobal: facts.has('global') },
      defaultValue: facts.get('default') === 'yes' ? 1 : numberOf(facts.get('default')),
      displayName: displayName || undefined,
    }),
  };
}

function parseOptions(text: string): Option[] {
  return text.split(' | ').map((part) => {
    const [, value, label = '', mark, number] = /^(-?\d+) (.*?)(?: ([>@]) (\d+))?$/.exec(part) ?? [];
    return {
      value: Number(value),
      label,
      ...(mark === '>' ? { defaultStatus: Number(number) } : {}),
      ...(mark === '@' ? { state: Number(number) } : {}),
    };
  });
}

function addNameColumns(table: Table): void {
  for (const column of [...table.columns]) {
    const add = (suffix: string, rest: string) =>
      table.columns.push(parseColumn(`${column.schemaName}${suffix} ${rest} of=${column.name}`, table));
    if (column.of !== undefined || !column.canRead) continue;
    if (column.options) add('Name', 'virtual');
    if (!lookupTypes.includes(column.type)) continue;
    add('Name', `string length=${column.type === 'lookup' ? 100 : 160}`);
    if (column.targets.some((target) => yomiTargets.includes(target))) add('YomiName', 'string length=100');
    if (column.type !== 'lookup' || column.targets.length > 1) add('Type', 'entityname odata=no');
  }
}

function keyValues(words: string[]): Map<string, string> {
  return new Map(words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]));
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined || text === 'none' ? undefined : Number(text);
}

function defined<Facts extends object>(facts: Facts): { [K in keyof Facts]?: Exclude<Facts[K], undefined> } {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as never;
}
