import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { managedIdentity } from '../../local/sign-ins.ts';
import type { RawAnswer } from './raw-request.ts';

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

/** What stands in the app's own tables of a database: checkpoints, rejected rows, deletes. */
export async function leaksInDatabase(superuserUrl: string, secrets: readonly string[]): Promise<Leak[]> {
  const client = new Client({ connectionString: superuserUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
       WHERE tablename ~ '(ReplicationCheckpoint|ReplicationRejectedRow|DeleteLog)$'`,
    );
    const leaks: Leak[] = [];
    for (const { name } of rows) {
      const query = `SELECT coalesce(string_agg(to_json(each)::text, chr(10)), '') AS text FROM ${name} each`;
      const [first] = (await client.query<{ text: string }>(query)).rows;
      leaks.push(...leaksIn(name, first?.text ?? '', secrets));
    }
    return leaks;
  } finally {
    await client.end();
  }
}

/** Passwords of the vault's secrets, all versions, that are no plain words; the whole of a secret that is no URL. */
function vaultPasswords(data: string): string[] {
  const file = join(data, 'keyvault/secrets.json');
  if (!existsSync(file)) return [];
  const secrets = JSON.parse(readFileSync(file, 'utf8')) as Record<string, { value: string }[]>;
  const passwords = Object.values(secrets)
    .flat()
    .map(({ value }) => URL.parse(value)?.password ?? value);
  const distinctive = passwords.filter((password) => /\d/.test(password) && password.length >= 12);
  return [...new Set(distinctive.flatMap((password) => [password, percentDecoded(password)]))];
}

/** Everything that the app of a platform wrote to its database; the platform has to run. */
export function leaksInDestination(data: string, databaseUrl: string): Promise<Leak[]> {
  return leaksInDatabase(databaseUrl, vaultPasswords(data));
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
