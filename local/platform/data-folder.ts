import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { forgetServer } from '../database/place-server.ts';

export type DataFolder = {
  /** The last start on this folder was killed: parts of it may still be ending. */
  readonly wasKilled: boolean;
  path(name: string): string;
  /** To be called when every part has ended. */
  release(): void;
};

/** All that the platform keeps. `--fresh` removes these and nothing else, whatever folder `--data` names. */
const kept = ['app', 'database', 'dataverse', 'entra', 'keyvault', 'logs', 'storage', 'tickets'];

/**
 * Takes the folder for one start at a time. The lock is one of SQLite's, so the system frees it even after
 * `kill -9`, and no number of a dead process can be mistaken for a living one.
 */
export function openDataFolder(folder: string, options: { isFresh: boolean }): DataFolder {
  const lock = openLock(folder);
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch {
    lock.close();
    throw new Error(
      `Cannot start: folder "${folder}" is in use by another start; end that, or choose another with --data DIR.`,
    );
  }
  const runningFile = join(folder, 'running');
  const wasKilled = existsSync(runningFile);
  if (options.isFresh) {
    for (const name of kept) rmSync(join(folder, name), { recursive: true, force: true });
    forgetServer(join(folder, 'database'));
  }
  writeFileSync(runningFile, '');
  return {
    wasKilled,
    path(name) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      return path;
    },
    release() {
      rmSync(runningFile, { force: true });
      lock.close();
    },
  };
}

function openLock(folder: string): DatabaseSync {
  try {
    mkdirSync(folder, { recursive: true });
    return new DatabaseSync(join(folder, 'lock'));
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code;
    throw new Error(
      `Cannot start: folder "${folder}" cannot be used (${reason}); choose another with --data DIR.`,
    );
  }
}
