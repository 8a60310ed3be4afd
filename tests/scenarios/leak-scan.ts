import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { managedIdentity } from '../../local/sign-ins.ts';
import { adoPairs } from '../../shared/schema/ado-pairs.ts';
import type { RawAnswer } from './raw-request.ts';
import { statementOn } from './stored-rows.ts';

/** A secret that was found; it tells which kind and where, and not the secret. */
export interface Leak {
  readonly place: string;
  readonly kind: string;
}

/** Both parts of a token are JSON objects, so both begin with {" as base64. */
export const tokenPattern = /eyJ[\w-]{10,}\.eyJ[\w-]{10,}/;
/** Keys of storage accounts are 64 bytes. */
export const accountKeyPattern = /(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==/;

const patterns: Readonly<Record<string, RegExp>> = {
  'a bearer token': tokenPattern,
  'the key of a storage account': accountKeyPattern,
  'the signature of a shared access link': /[?&;]sig=[\w%+/-]{10,}/i,
  // What our own message shows as an example is none.
  'a login in an address': /[a-z][a-z0-9+.-]{1,20}:\/\/(?!user:password@)[^\s/:@"'?#]+:[^\s/@"'?#]+@/i,
  'a password of a connection string': /\b(?:password|pwd)\s*=\s*[^\s;&"',]/i,
};

/** Every kind of secret in the text, plain, %-encoded or as base64 (messages of queues are); `secrets` are known ones. */
export function leaksIn(place: string, text: string, secrets: readonly string[] = []): Leak[] {
  const readings = [text, percentDecoded(text), ...base64Decoded(text)];
  const isThere = (pattern: RegExp) => readings.some((reading) => pattern.test(reading));
  const isKnown = (secret: string) => readings.some((reading) => reading.includes(secret));
  return [
    ...Object.entries(patterns).flatMap(([kind, pattern]) => (isThere(pattern) ? [{ place, kind }] : [])),
    ...([...secrets, managedIdentity.header].some(isKnown) ? [{ place, kind: 'a known secret' }] : []),
  ];
}

function percentDecoded(text: string): string {
  return text.replace(/%[2-7][0-9a-f]/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
}

function base64Decoded(text: string): string[] {
  return (text.match(/[A-Za-z0-9+/]{40,}={0,2}/g) ?? []).map((run) =>
    Buffer.from(run, 'base64').toString('latin1'),
  );
}

/** What an answer of the API tells beside the one secret that it is asked for, the link to a failure log. */
export function leaksInAnswer(place: string, { headers, text }: Pick<RawAnswer, 'headers' | 'text'>): Leak[] {
  const body = text.replace(/("FailureBlobUri":")[^"]*/g, '$1');
  return leaksIn(place, [...headers.map((header) => header.join(': ')), body].join('\n'));
}

/** What stands in the files below a folder. */
export function leaksInFiles(folder: string, secrets: readonly string[]): Leak[] {
  const files = globSync('**/*', { cwd: folder }).filter((name) => statSync(join(folder, name)).isFile());
  return files.flatMap((name) => leaksIn(name, readFileSync(join(folder, name), 'latin1'), secrets));
}

/** What stands in the app's own tables of a database, or of one schema: checkpoints, rejected rows, deletes. */
export async function leaksInDatabase(
  url: string,
  secrets: readonly string[],
  schema?: string,
): Promise<Leak[]> {
  const tables = await statementOn<{ schema: string; name: string }>(
    url,
    `SELECT table_schema AS "schema", table_name AS "name" FROM information_schema.tables
     WHERE (table_name LIKE '%ReplicationCheckpoint' OR table_name LIKE '%ReplicationRejectedRow' OR table_name LIKE '%DeleteLog')
     ${schema === undefined ? '' : `AND table_schema = '${schema}'`}`,
  );
  const leaks: Leak[] = [];
  for (const { schema: owner, name } of tables) {
    const rows = await statementOn(url, `SELECT * FROM "${owner}"."${name}"`);
    leaks.push(...leaksIn(`${owner}."${name}"`, rows.map((row) => JSON.stringify(row)).join('\n'), secrets));
  }
  return leaks;
}

/** Passwords of the vault's secrets, all versions, that are no plain words; the whole of a secret that is no URL. */
function vaultPasswords(data: string): string[] {
  const file = join(data, 'keyvault/secrets.json');
  if (!existsSync(file)) return [];
  const secrets = JSON.parse(readFileSync(file, 'utf8')) as Record<string, { value: string }[]>;
  const passwords = Object.values(secrets)
    .flat()
    .map(({ value }) => URL.parse(value)?.password ?? adoPassword(value) ?? value);
  const distinctive = passwords.filter((password) => /\d/.test(password) && password.length >= 12);
  return [...new Set(distinctive.flatMap((password) => [password, percentDecoded(password)]))];
}

const adoPassword = (value: string) => adoPairs(value)?.find(({ keyword }) => keyword === 'password')?.value;

/** Everything that the app of a platform wrote to its database, or to one schema of it; the platform has to run. */
export function leaksInDestination(data: string, databaseUrl: string, schema?: string): Promise<Leak[]> {
  return leaksInDatabase(databaseUrl, vaultPasswords(data), schema);
}

/** Everything that the app wrote elsewhere: log, telemetry, storage account. The platform has to be stopped: then all is on disk. */
export function leaksOnDisk(data: string): Leak[] {
  const secrets = vaultPasswords(data);
  const log = join(data, 'logs/app.log');
  return [
    ...leaksIn('logs/app.log', readFileSync(log, 'latin1'), secrets),
    ...leaksInFiles(join(data, 'app'), secrets),
    ...leaksInFiles(join(data, 'storage'), secrets),
  ];
}
