import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { AppRole } from '../../shared/model/caller.ts';

const infra = fileURLToPath(new URL('../../infra/', import.meta.url));
const application = '77777777-7777-4777-8777-777777777777';

/** Answers as the Azure CLI does, with what the script asks for; its state are files beside it. */
const fakeAz = `#!/bin/sh
cd "$(dirname "$0")"
printf '%s\\n' "$*" >> az.log
case "$*" in
  "ad app list"*) [ ! -f app ] || cat app ;;
  "ad app create"*) echo ${application} | tee app ;;
  "ad app show"*) [ ! -f scope ] || echo scope ;;
  "rest"*user_impersonation*) touch scope ;;
  "rest"*) [ -f scope ] || exit 1 ;;
  "ad sp show"*) [ -f principal ] ;;
  "ad sp create"*) touch principal ;;
  "ad app update"*) ;;
  *) echo "unknown: $*" >&2; exit 2 ;;
esac
`;

const appRoles = z.array(z.object({ value: z.string(), id: z.guid(), isEnabled: z.literal(true) }));

describe('the registration in Entra', () => {
  let folder: string;
  const called = (name: string) =>
    existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '';
  const register = (more: NodeJS.ProcessEnv = { AZURE_ENV_NAME: 'prod' }) =>
    execFileSync('sh', [join(infra, 'register-api.sh')], {
      env: { PATH: `${folder}${delimiter}${process.env.PATH}`, ...more },
      encoding: 'utf8',
      stdio: 'pipe',
    });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'register-'));
    for (const [name, text] of [
      ['az', fakeAz],
      ['azd', '#!/bin/sh\nprintf "%s\\n" "$*" >> "$(dirname "$0")/azd.log"\n'],
    ] as const) {
      writeFileSync(join(folder, name), text);
      chmodSync(join(folder, name), 0o755);
    }
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is made once, whatever it is called, and azd is told its id', () => {
    expect(register()).toContain(application);
    expect(register()).toContain(application);
    const lines = called('az.log').split('\n');
    for (const made of ['ad app create', 'ad sp create'])
      expect(lines.filter((line) => line.startsWith(made))).toHaveLength(1);
    expect(called('azd.log')).toBe(`env set API_APPLICATION_ID ${application}\n`.repeat(2));
  });

  it('leaves the scope and its clients as they are when they are there', () => {
    register();
    const before = called('az.log');
    expect(before).toContain('preAuthorizedApplications');
    register();
    expect(called('az.log').slice(before.length)).not.toContain('rest');
  });

  it('goes on from a call that was interrupted anywhere', () => {
    writeFileSync(join(folder, 'app'), application);
    register();
    expect(called('az.log')).not.toContain('ad app create');
    expect(called('az.log')).toContain('ad sp create');
    expect(existsSync(join(folder, 'scope'))).toBe(true);
  });

  it('takes an application that somebody else has registered', () => {
    register({ AZURE_ENV_NAME: 'prod', API_APPLICATION_ID: application });
    expect(called('az.log')).not.toMatch(/ad app (list|create)/);
  });

  it('says how it is called when azd does not call it', () => {
    expect(() => register({})).toThrow(/azd hooks run preprovision/);
  });

  it('has the app roles that the program knows', () => {
    const roles = appRoles.parse(JSON.parse(readFileSync(join(infra, 'app-roles.json'), 'utf8')));
    const known: Readonly<Record<AppRole, true>> = { 'Profiles.Manage': true, 'Automation.Operate': true };
    expect(roles.map(({ value }) => value)).toEqual(Object.keys(known));
    expect(new Set(roles.map(({ id }) => id)).size).toBe(roles.length);
  });
});
