import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

describe('the deployed package', () => {
  // .funcignore follows the rules of .gitignore, so git itself says what is left.
  const folder = mkdtempSync(join(tmpdir(), 'package-'));
  const git = (...parameters: string[]) => execFileSync('git', parameters, { cwd: folder, encoding: 'utf8' });

  beforeAll(() => {
    const present = readdirSync(root, { withFileTypes: true })
      .filter(({ name }) => !['.git', 'node_modules', 'dist'].includes(name))
      .map((entry) => (entry.isDirectory() ? `${entry.name}/any/file` : entry.name));
    const built = ['dist/app.cjs', 'dist/app.cjs.map', 'node_modules/pg/package.json'];
    const secret = [
      'local.settings.json',
      '.env',
      '.azure/prod/.env',
      '.local/storage/blob',
      'infra/main.json',
    ];
    for (const path of [...present, ...built, ...secret]) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), '');
    }
    git('init', '--quiet');
    copyFileSync(join(root, '.funcignore'), join(folder, '.git/info/exclude'));
    rmSync(join(folder, '.gitignore'), { force: true });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('holds the bundle, host.json and package.json, and nothing else', () => {
    const left = git('ls-files', '--others', '--exclude-standard').trim().split('\n');
    expect(left.sort()).toEqual(['dist/app.cjs', 'dist/app.cjs.map', 'host.json', 'package.json']);
  });

  it('is not built again in Azure', () => {
    // azd refuses `remoteBuild: false` beside an excluded node_modules folder, and without it builds in Azure.
    expect(readFileSync(join(root, 'azure.yaml'), 'utf8')).toContain('remoteBuild: false');
    const ignored = execFileSync('git', ['check-ignore', '--stdin', '--non-matching', '--verbose'], {
      cwd: folder,
      encoding: 'utf8',
      input: 'node_modules\n',
    });
    expect(ignored).toMatch(/:!\/node_modules\t/);
  });

  it('starts with the file that package.json names', () => {
    expect(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).main).toBe('dist/app.cjs');
  });
});
