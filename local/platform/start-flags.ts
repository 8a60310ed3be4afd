import { defaultPortBase, largestPortBase } from './addresses.ts';
import { destinationTypeOf } from './destination-address.ts';
import { openFlags } from './read-flags.ts';

/** Which form of the app runs. */
type AppForm = 'sources' | 'bundle';

export type StartFlags = {
  readonly portBase: number;
  readonly data: string;
  readonly isFresh: boolean;
  readonly rows: number;
  readonly destination?: string;
  readonly exporterUrl?: string;
  readonly hasDemonstration: boolean;
  readonly from: AppForm;
};

const startHelp = {
  'port-base': 'N             first number of the block of ports (7070)',
  data: 'DIR                where everything is kept (.local)',
  fresh: '                  forget what --data keeps',
  rows: 'N                  sample rows of the organization in all (20000)',
  destination:
    'URL         another PostgreSQL instead of the local one, or a SQL Server as "Server=...;Database=...;..."',
  'exporter-url': 'URL        run only the automation, for the app of another local platform',
  'no-demo': '                the platform and the app only, without the demonstration',
  from: 'sources|bundle     which form of the app runs (sources)',
} as const;

const demoHelp = {
  rows: 'N                  sample rows of the organization in all (20000)',
  from: 'sources|bundle     which form of the app runs (sources)',
} as const;

/** The demonstration looks for accounts to change in each of its scenes. */
const fewestDemonstratedRows = 100;
const mostDemonstratedRows = 1_000_000;
const largestRows = 10_000_000;

/** Reads the flags of `npm start`. All problems in one error, with the list of flags. */
export function readStartFlags(args: readonly string[]): StartFlags {
  const flags = openFlags(args, startHelp, ['fresh', 'no-demo']);
  const portBase = flags.number('port-base', defaultPortBase, 0, largestPortBase);
  const rows = flags.number('rows', 20_000, 0, largestRows);
  const data = flags.text('data') ?? '.local';
  const destination = flags.text('destination');
  const exporterUrl = flags.text('exporter-url');
  const from = flags.choice('from', ['sources', 'bundle']);
  const isFresh = flags.isSet('fresh');
  const hasDemonstration = !flags.isSet('no-demo');

  const type = destination === undefined ? undefined : destinationTypeOf(destination);
  // The value may hold a password: it is not repeated.
  if (destination !== undefined && type === undefined)
    flags.problem(
      '--destination must be a URL that starts with postgres:// or postgresql://, or an ADO.NET connection string such as "Server=tcp:host,1433;Database=reporting;User ID=...;Password=..."',
    );
  if (exporterUrl !== undefined && !/^http:\/\/127\.0\.0\.1:\d{2,5}\/?$/.test(exporterUrl))
    flags.problem(
      '--exporter-url must be the app of another local platform, such as http://127.0.0.1:7071: no other takes the tokens of a local sign-in',
    );
  if (exporterUrl !== undefined && destination !== undefined)
    flags.problem('--destination and --exporter-url exclude each other: the exporter has the destination');
  if (hasDemonstration && exporterUrl === undefined && rows < fewestDemonstratedRows)
    flags.problem(
      `--rows must be at least ${fewestDemonstratedRows} for the demonstration, which changes accounts; add --no-demo for fewer`,
    );
  flags.finish();
  return {
    ...{ portBase, rows, data, isFresh, hasDemonstration, from },
    ...(destination ? { destination } : {}),
    ...(exporterUrl ? { exporterUrl } : {}),
  };
}

/** Reads the flags of `npm run demo`, in the same way. */
export function readDemoFlags(args: readonly string[]): Pick<StartFlags, 'rows' | 'from'> {
  const flags = openFlags(args, demoHelp, []);
  const rows = flags.number('rows', 20_000, fewestDemonstratedRows, mostDemonstratedRows);
  const from = flags.choice('from', ['sources', 'bundle']);
  flags.finish();
  return { rows, from };
}
