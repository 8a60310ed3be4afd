import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { benches } from '../bench/benches.ts';
import { errorCodes } from '../shared/error-codes.ts';
import { telemetryEvents, telemetryMetrics } from '../shared/ports/telemetry.ts';
import { settingsSchema } from '../shared/settings.ts';

const isMadeBy =
  '<!-- Made by tests/docs.test.ts: change the code, then run `npx vitest run tests/docs.test.ts -u`. -->';

function shownPreset(preset: unknown): string {
  const isPlain = typeof preset === 'object' && !Array.isArray(preset);
  return isPlain ? JSON.stringify(preset) : [preset].flat().join(', ');
}

function settingsPage(): string {
  const rows = Object.entries(settingsSchema.shape).map(([name, schema]) => {
    const { description = '' } = schema;
    const preset = schema.safeParse(undefined);
    const shown = !preset.success
      ? '**required**'
      : preset.data === undefined
        ? ''
        : `\`${shownPreset(preset.data)}\``;
    return `| \`${name}\` | ${shown} | ${description} |`;
  });
  return `# Settings\n\n${isMadeBy}\n\nAll are read once at start, by \`shared/settings.ts\`. A wrong one stops the start, with all problems in one error. One of\n\`AzureWebJobsStorage\` and \`AzureWebJobsStorage__accountName\` must be set.\n\n| setting | preset | meaning |\n|---|---|---|\n${rows.join('\n')}\n`;
}

function errorsPage(): string {
  const rows = Object.entries(errorCodes).map(
    ([code, { retry, httpStatus, cure }]) => `| \`${code}\` | ${retry} | ${httpStatus} | ${cure} |`,
  );
  return `# Error codes\n\n${isMadeBy}\n\nEvery error is one of these. *timed*: tried again by itself; *manual*: tried again with growing delays until somebody acts;\n*never*: the same input fails the same way. Codes \`ROW_*\` blame one row; all others leave rows alone.\n\n| code | retry | HTTP | cure |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

const code = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');

/** The page with the table behind the comment that begins with these words made anew. */
function withTable(
  page: string,
  words: string,
  columns: readonly string[],
  rows: readonly string[][],
): string {
  const [, before = '', after = ''] =
    new RegExp(`^([\\s\\S]*<!-- ${words}.* -->\\n)(?:\\n(?:\\|.*\\n)+)?([\\s\\S]*)$`).exec(page) ?? [];
  expect(before, `the place for the table of ${words}`).not.toBe('');
  const lines = [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`);
  return `${before}\n${lines.join('')}${after}`;
}

function telemetryPage(): string {
  const metrics = Object.entries(telemetryMetrics).map(([name, { unit, properties, meaning }]) => [
    ...[code([name]), unit, code(properties), meaning],
  ]);
  const events = Object.entries(telemetryEvents).map(([name, { when, properties, measurements }]) => [
    ...[code([name]), when, code(properties), code(measurements)],
  ]);
  const page = readFileSync('docs/telemetry.md', 'utf8');
  const withMetrics = withTable(page, 'Metrics', ['metric', 'unit', 'properties', 'meaning'], metrics);
  return withTable(withMetrics, 'Events', ['event', 'when', 'properties', 'measurements'], events);
}

test('every setting has a meaning', () => {
  for (const [name, schema] of Object.entries(settingsSchema.shape))
    expect(schema.description, name).toBeTruthy();
  expect(settingsSchema).toBeInstanceOf(z.ZodObject);
});

test('the page of settings is what the program reads', async () => {
  await expect(settingsPage()).toMatchFileSnapshot('../docs/settings.md');
});

test('the page of errors is the closed table', async () => {
  await expect(errorsPage()).toMatchFileSnapshot('../docs/errors.md');
});

test('the page of telemetry has every event and metric that the program can tell', async () => {
  await expect(telemetryPage()).toMatchFileSnapshot('../docs/telemetry.md');
});

test('every event and metric of the tables is told somewhere in the program', () => {
  const program = readdirSync('shared', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== join('ports', 'telemetry.ts'))
    .map((name) => readFileSync(join('shared', name), 'utf8'))
    .join('\n');
  const names = Object.keys({ ...telemetryEvents, ...telemetryMetrics });
  expect(names.filter((name) => !program.includes(`'${name}'`))).toEqual([]);
});

/** The anchors of a page, as GitHub makes them of its headings. */
function anchorsOf(page: string): readonly string[] {
  return [...readFileSync(page, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test('every link between the documents leads somewhere, to the heading that it names', () => {
  const pages = [
    'README.md',
    'CHANGELOG.md',
    'bench/README.md',
    ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join('docs', name)),
  ];
  const broken = pages.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)]
      .filter(([, link = '', anchor]) => {
        const target = link === '' ? page : join(dirname(page), link);
        return !existsSync(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
      })
      .map(([link]) => `${page}: ${link}`),
  );
  expect(broken).toEqual([]);
});

test('npm run bench knows every bench, and the page of benchmarks tells of each', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  const names = Object.keys(scripts).flatMap((name) => /^bench:(.+)/.exec(name)?.[1] ?? []);
  expect(Object.keys(benches).toSorted()).toEqual(names.toSorted());
  const page = readFileSync('docs/benchmarks.md', 'utf8');
  expect(names.filter((name) => !page.includes(`npm run bench:${name}`))).toEqual([]);
});
