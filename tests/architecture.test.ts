import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { problemsOf, rooms } from './architecture-rules.ts';

const root = new URL('../', import.meta.url);
const files = globSync('{shared,functions,local,tests,bench,commands}/**/*.ts', { cwd: root })
  .map((file) => file.replaceAll('\\', '/'))
  .sort();

describe('the house', () => {
  it('follows its rules in every file', () => {
    const read = (file: string) => readFileSync(new URL(file, root), 'utf8');
    expect(files.flatMap((file) => problemsOf(file, read(file)))).toEqual([]);
  });

  it('has something in every room', () => {
    const isEmpty = (room: string) => !files.some((file) => file === room || file.startsWith(`${room}/`));
    expect(Object.keys(rooms).filter(isEmpty)).toEqual([]);
  });
});

describe('the rules', () => {
  const trigger = "import { app } from '@azure/functions';\napp.http('http-health', {});\n";

  it.each([
    ['functions/http-health.ts', trigger],
    ['shared/sync/delta-sync.ts', "import type { Clock } from '../ports/clock.ts';"],
    ['shared/adapters/postgres/rows.ts', "const { Client } = await import('pg'); Date.now();"],
    ['shared/edge/answer.ts', "import type {\n  HttpRequest,\n} from '@azure/functions';"],
    ['shared/schema/shape.ts', '// setTimeout is not for here\n/* nor process.env */'],
    ['tests/adapters/storage.local.test.ts', 'process.env'],
    ['local/start.ts', "import type { F } from '../shared/model/failure.ts';\nDate.now();"],
  ])('take %s', (path, text) => expect(problemsOf(path, text)).toEqual([]));

  it.each([
    [
      'an import between engines',
      'shared/sync/a.ts',
      "import { b } from '../api/b.ts';",
      /may not import shared\/api/,
    ],
    ['one upward', 'shared/model/a.ts', "export * from '../ports/clock.ts';", /may not import shared\/ports/],
    ['one of another adapter', 'shared/adapters/entra/a.ts', "import '../storage/b.ts';", /may not import/],
    [
      'one of a database by sql',
      'shared/adapters/sql/a.ts',
      "import '../postgres/rows.ts';",
      /may not import/,
    ],
    ['one at run time', 'shared/api/a.ts', "await import('../adapters/storage/b.ts')", /may not import/],
    ['one of local', 'shared/service.ts', "import { b } from '../local/start.ts';", /may not import local/],
    ['one of the app by local', 'local/a.ts', "import { s } from '../shared/service.ts';", /local may not/],
    ['a package of local', 'local/a.ts', "import express from 'express';", /may not use package express/],
    ['a package', 'shared/sync/a.ts', "import { Client } from 'pg';", /may not use package pg/],
    [
      'a scoped package',
      'shared/api/a.ts',
      "import { app } from '@azure/functions/x';",
      /@azure\/functions$/,
    ],
    ['more than types', 'shared/edge/a.ts', "import { app } from '@azure/functions';", /may not use package/],
    ['a new room', 'shared/attic/a.ts', '', /in no room/],
    ['the environment', 'shared/sync/a.ts', 'process.env.A', /reads the environment/],
    ['the clock', 'shared/sync/a.ts', 'const now = Date.now();', /read the clock/],
    ['a timer', 'functions/http-health.ts', `${trigger}setTimeout(() => {}, 1);`, /set timers/],
    ['two functions', 'functions/http-health.ts', `${trigger}app.timer('b', {});`, /one function/],
    ['another function', 'functions/http-other.ts', trigger, /registers http-health/],
    ['a long trigger', 'functions/http-health.ts', `${trigger}${'\n//'.repeat(30)}`, /at most 25/],
    ['a long file', 'shared/sync/a.ts', 'a\n'.repeat(251), /251 lines; at most 250/],
    ['camel case', 'local/startAll.ts', '', /kebab-case/],
    ['an empty word', 'shared/sync/row-helpers.ts', '', /says nothing/],
  ])('refuse %s', (_what, path, text, problem) => {
    expect(problemsOf(path, text).join('\n')).toMatch(problem);
  });
});
