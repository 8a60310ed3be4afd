import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type PostgresBinaries, postgresBinaries, serverAccount } from './postgres-binaries.ts';

export type Place = {
  readonly folder: string;
  readonly postgres: string;
  readonly initdb: string;
  readonly account: { uid?: number; gid?: number };
};

const openFolder = '/var/tmp';

/**
 * Where the server can live. Root has to lend it another account, and that account cannot look into `/root`: what it
 * cannot reach goes below `/var/tmp`, the data under a name made from the folder, so that a restart finds them.
 */
export async function placeServer(wanted: string): Promise<Place> {
  const folder = resolve(wanted);
  const account = serverAccount();
  const binaries = await postgresBinaries();
  mkdirSync(dirname(folder), { recursive: true });
  return {
    folder: canEnter(dirname(folder), account) ? folder : join(folderElsewhere(folder), 'data'),
    ...(canEnter(dirname(binaries.postgres), account) ? binaries : copyPrograms(binaries)),
    account,
  };
}

/** Removes the data of a server that has ended, wherever they were placed. */
export function forgetServer(wanted: string): void {
  const folder = resolve(wanted);
  for (const path of [folder, folderElsewhere(folder)])
    rmSync(path, { recursive: true, force: true, maxRetries: 3 });
}

function folderElsewhere(folder: string): string {
  return join(openFolder, `dataverse-export-${digest(folder)}`);
}

/** One copy of the programs serves every cluster. It is made aside and then renamed, so it is never half there. */
function copyPrograms({ postgres, initdb }: PostgresBinaries): PostgresBinaries {
  const native = join(dirname(postgres), '..');
  const programs = join(
    openFolder,
    `dataverse-export-programs-${digest(native, statSync(postgres).mtimeMs)}`,
  );
  if (!existsSync(programs)) {
    const copy = mkdtempSync(`${programs}-`);
    cpSync(native, join(copy, 'native'), { recursive: true, verbatimSymlinks: true });
    try {
      renameSync(join(copy, 'native'), programs);
    } catch (error) {
      // Another start was quicker.
      if (!existsSync(programs)) throw error;
    }
    rmSync(copy, { recursive: true });
  }
  if (statSync(programs).uid !== process.getuid?.()) {
    throw new Error(`Cannot start PostgreSQL from "${programs}": it belongs to another user; remove it.`);
  }
  const moved = (program: string) => join(programs, program.slice(native.length));
  return { postgres: moved(postgres), initdb: moved(initdb) };
}

function digest(...parts: readonly (string | number)[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12);
}

/** The account must pass every folder on the way; the server's own account is that of the caller unless root lends one. */
function canEnter(path: string, account: { uid?: number; gid?: number }): boolean {
  return account.uid === undefined || spawnSync('test', ['-x', path], { ...account, cwd: '/' }).status === 0;
}
