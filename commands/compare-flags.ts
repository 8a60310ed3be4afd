import { parseArgs } from 'node:util';
import { z } from 'zod';
import { connectionStringKind } from '../shared/adapters/destinations/connection-string-kind.ts';
import type { DestinationType } from '../shared/model/profile.ts';

/** What is to be compared with what. */
export interface CompareFlags {
  readonly connectionString: string;
  readonly kind: DestinationType;
  readonly tables: readonly string[];
  readonly schema: string;
  readonly prefix: string;
  /** Origin of the organization; undefined for the local platform's. */
  readonly organization: string | undefined;
  readonly portBase: string | undefined;
  /** File with definitions, in place of an organization. */
  readonly definition: string | undefined;
  readonly types: 'classic' | 'modern';
  readonly hasDeleteLog: boolean;
  readonly isJson: boolean;
}

const text = { type: 'string' } as const;
const many = { type: 'string', multiple: true } as const;
const truth = { type: 'boolean' } as const;
const options = {
  ...{
    destination: text,
    table: many,
    schema: text,
    prefix: text,
    organization: text,
    definition: text,
    types: text,
  },
  ...{ 'port-base': text, 'without-delete-log': truth, json: truth },
};

const given = z.object({
  table: z.array(z.string().regex(/^[a-z_][a-z0-9_]*$/, '--table takes the logical name of a table'), {
    error: '--table is missing; it may be given several times',
  }),
  schema: z.string().min(1, '--schema needs a name').default('dbo'),
  prefix: z
    .string()
    .regex(/^\w{0,14}$/, '--prefix takes up to 14 letters, digits and underscores')
    .default(''),
  organization: z.url({ protocol: /^https?$/, error: '--organization takes the URL of one' }).optional(),
  definition: z.string().optional(),
  types: z.enum(['classic', 'modern'], '--types takes classic or modern').default('classic'),
  'port-base': z.string().optional(),
  'without-delete-log': z.boolean().default(false),
  json: z.boolean().default(false),
});

const usage = `Usage: npm run compare-schema -- --table account [--table contact] [--schema dbo] [--prefix des]
  [--organization https://contoso.crm4.dynamics.com | --definition FILE | --port-base 7070] [--types modern]
  [--without-delete-log] [--json]
  The destination's connection string or PostgreSQL URL is taken from the environment (DESTINATION), from the first line of
  standard input (--destination -), or from --destination, where whoever sees the machine's processes can read it.`;

/** Reads the command line; throws all that is wrong with it in one error. `readLine` gives the first line of standard input. */
export function compareFlags(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  readLine: () => string,
): CompareFlags {
  const values = parsed(args);
  const result = given.safeParse(values);
  const problems = (result.error?.issues ?? []).map(({ message }) => message);
  const { destination = environment.DESTINATION ?? '' } = values;
  const connectionString = (destination === '-' ? readLine() : destination).trim();
  const kind = connectionStringKind(connectionString);
  if (connectionString === '') problems.push('the destination is missing');
  else if (kind === undefined)
    problems.push('the destination is neither a connection string nor a URL of PostgreSQL');
  if (values.definition !== undefined && values.organization !== undefined)
    problems.push('of --organization and --definition one is expected');
  if (!result.success || kind === undefined || problems.length > 0) throw badUse(problems);
  const { table, json, 'port-base': portBase, 'without-delete-log': isWithout, ...rest } = result.data;
  return {
    ...{ connectionString, kind, tables: [...new Set(table)], schema: rest.schema, prefix: rest.prefix },
    ...{ organization: rest.organization, definition: rest.definition, types: rest.types, portBase },
    ...{ hasDeleteLog: !isWithout, isJson: json },
  };
}

const badUse = (problems: readonly string[]) =>
  new Error(`Cannot compare: ${problems.join('; ')}.\n${usage}`);

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    // What is said of the command line may repeat what stands in it; only the name of a flag is.
    const flag = /'(-[\w-]+)[^']*'/.exec((error as Error).message)?.[1];
    throw badUse([flag === undefined ? 'something stands beside the flags' : `${flag} cannot be taken so`]);
  }
}
