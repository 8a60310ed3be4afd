import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export type SecretVersion = {
  readonly version: string;
  readonly value: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Seconds since 1970, as on the wire. */
  readonly created: number;
  /** When it ends, likewise; absent: never. */
  readonly exp?: number;
};

export type SecretsFile = {
  /** The newest version, or the one asked for. */
  find(name: string, version?: string): SecretVersion | undefined;
  /** Adds a version; older ones stay readable by their version. */
  set(name: string, value: string, tags: Readonly<Record<string, string>>, exp?: number): SecretVersion;
};

/** Secrets and their versions, kept in `file` when it is given. Names match in any case. */
export function openSecretsFile(file?: string): SecretsFile {
  const secrets: Record<string, SecretVersion[]> =
    file && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const save = () => {
    if (!file) return;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, JSON.stringify(secrets, null, 2), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  return {
    find(name, version) {
      const versions = secrets[name.toLowerCase()];
      return version ? versions?.find((one) => one.version === version) : versions?.at(-1);
    },
    set(name, value, tags, exp) {
      const version = randomUUID().replaceAll('-', '');
      const ends = exp === undefined ? {} : { exp };
      const added = { version, value, tags, created: Math.floor(Date.now() / 1000), ...ends };
      secrets[name.toLowerCase()] = [...(secrets[name.toLowerCase()] ?? []), added];
      save();
      return added;
    },
  };
}
