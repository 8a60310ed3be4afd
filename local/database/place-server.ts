import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { postgresBinaries, serverAccount } from './postgres-binaries.ts';

export type Place = {
  readonly folder: string;
  readonly postgres: string;
  readonly initdb: string;
  readonly account: { uid?: number; gid?: number };
};

/**
 * Where the server can live. Root has to lend it another account, and that account cannot look into `/root`: then
 * programs and data go below `/var/tmp`, under a name made from the folder, so that a restart finds them.
 */
export async function placeServer(wanted: string): Promise<Place> {
  const folder = resolve(wanted);
  const account = serverAccount();
  const { postgres, initdb } = await postgresBinaries();
  mkdirSync(dirname(folder), { recursive: true });
  if (
    account.uid === undefined ||
    [dirname(folder), dirname(postgres)].every((path) => canEnter(path, account))
  ) {
    return { folder, postgres, initdb, account };
  }
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 12);
  const place = join('/var/tmp', `dataverse-export-${name}`);
  const programs = join(place, 'native');
  if (!existsSync(programs)) {
    mkdirSync(place, { recursive: true });
    cpSync(join(dirname(postgres), '..'), `${programs}.new`, { recursive: true, verbatimSymlinks: true });
    renameSync(`${programs}.new`, programs);
  }
  return {
    folder: join(place, 'data'),
    postgres: join(programs, 'bin/postgres'),
    initdb: join(programs, 'bin/initdb'),
    account,
  };
}

function canEnter(path: string, account: { uid?: number; gid?: number }): boolean {
  // The account must pass every folder on the way: "test -x" of the last one says so. cwd "/" is one it may be in.
  return spawnSync('test', ['-x', path], { ...account, cwd: '/' }).status === 0;
}
