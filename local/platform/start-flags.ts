import { parseArgs } from 'node:util';
import { defaultPortBase, largestPortBase } from './addresses.ts';

export type StartFlags = {
  readonly portBase: number;
  readonly data: string;
  readonly isFresh: boolean;
  readonly rows: number;
  readonly destination?: string;
  readonly exporterUrl?: string;
  readonly hasDemonstration: boolean;
  readonly from: 'sources' | 'bundle';
};

const flagHelp = {
  'port-base': 'N             first number of the block of ports (7070)',
  data: 'DIR                where everything is kept (.local)',
  fresh: '                  forget what --data keeps',
  rows: 'N                  sample rows of the organization in all (20000)',
  destination: 'URL         another PostgreSQL or SQL Server instead of the local one',
  'exporter-url': 'URL        run only the automation, for the app of another local platform',
  'no-demo': '                the platform and the app only, without the demonstration',
  from: 'sources|bundle     which form of the app runs (sources)',
} as const;

const largestRows = 10_000_000;

/** Reads the flags of `npm start`. All problems in one error, with the list of flags. */
export function readStartFlags(args: readonly string[]): StartFlags {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values, tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: {
      ...{ 'port-base': text, data: text, rows: text, destination: text, 'exporter-url': text, from: text },
      ...{ fresh: flag, 'no-demo': flag },
    },
  });
  const given = values as Record<string, string | boolean | undefined>;
  const problems: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'option' && !(token.name in flagHelp)) problems.push(`${token.rawName} is unknown`);
    if (token.kind === 'positional') problems.push(`"${token.value}" is unknown`);
  }
  const textOf = (name: string): string | undefined => {
    const value = given[name];
    if (value === true || value === '') problems.push(`--${name} needs a value`);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const numberOf = (name: string, preset: number, largest: number): number => {
    const value = textOf(name);
    if (value === undefined) return preset;
    const isAllowed = /^\d+$/.test(value) && Number(value) <= largest;
    if (!isAllowed)
      problems.push(`--${name} must be a whole number from 0 to ${largest}, received "${value}"`);
    return Number(value);
  };
  const urlOf = (name: string, protocols: readonly string[]): string | undefined => {
    const value = textOf(name);
    if (value === undefined) return undefined;
    if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol.slice(0, -1))) {
      // The value may hold a password: it is not repeated.
      problems.push(`--${name} must be a URL that starts with ${protocols.join(':// or ')}://`);
    }
    return value;
  };

  const portBase = numberOf('port-base', defaultPortBase, largestPortBase);
  const rows = numberOf('rows', 20_000, largestRows);
  const data = textOf('data') ?? '.local';
  const destination = urlOf('destination', ['postgres', 'postgresql', 'sqlserver', 'mssql']);
  const exporterUrl = textOf('exporter-url');
  if (exporterUrl !== undefined && !/^http:\/\/127\.0\.0\.1:\d{2,5}\/?$/.test(exporterUrl))
    problems.push(
      `--exporter-url must be the app of another local platform, as http://127.0.0.1:7071: no other accepts the tokens of a local sign-in`,
    );
  if (exporterUrl !== undefined && destination !== undefined)
    problems.push('--destination and --exporter-url exclude each other: the exporter has the destination');
  const from = textOf('from') ?? 'sources';
  if (from !== 'sources' && from !== 'bundle')
    problems.push(`--from must be sources or bundle, received "${from}"`);
  for (const name of ['fresh', 'no-demo']) {
    if (typeof given[name] === 'string') problems.push(`--${name} takes no value`);
  }
  if (problems.length > 0)
    throw new Error(`Cannot start: ${problems.join('; ')}. The flags are:\n${helpText()}`);
  return {
    ...{ portBase, rows, data, isFresh: given.fresh === true, hasDemonstration: given['no-demo'] !== true },
    from: from as 'sources' | 'bundle',
    ...(destination ? { destination } : {}),
    ...(exporterUrl ? { exporterUrl } : {}),
  };
}

function helpText(): string {
  return Object.entries(flagHelp)
    .map(([name, help]) => `  --${name} ${help}`)
    .join('\n');
}
