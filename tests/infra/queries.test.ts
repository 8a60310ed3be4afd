import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { checkAlertQuery } from './alert-query.ts';

const folder = new URL('../../infra/queries/', import.meta.url);
const files = readdirSync(folder);
const read = (file: string) => readFileSync(new URL(file, folder), 'utf8');

describe('alert queries', () => {
  it('are one .kql file an alert', () => {
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((file) => !/^[a-z]+(-[a-z]+)*\.kql$/.test(file))).toEqual([]);
  });

  it.each(files)('%s uses only columns, events and properties that exist', (file) => {
    const { problems, events } = checkAlertQuery(read(file));
    expect(problems).toEqual([]);
    expect(events.length).toBeGreaterThan(0);
  });

  it.each(files)('%s returns a count, and texts to split it by', (file) => {
    const { failures, ...others } = checkAlertQuery(read(file)).columns;
    expect(failures).toMatch(/^(int|long|real)$/);
    expect(new Set(Object.values(others))).toEqual(new Set(['string']));
  });

  it.each(files)('%s is explained in the operations guide: meaning, what to check, cure', (file) => {
    const guide = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    const section = guide.split(/^## /m).find((text) => text.startsWith(`${file.replace('.kql', '')}\n`));
    expect(section).toMatch(
      /\*\*What it means\.\*\*[\s\S]*\*\*What to check\.\*\*[\s\S]*\*\*How to cure\.\*\*/,
    );
  });
});

test('the query on the page of telemetry finds a metric', () => {
  const page = readFileSync(new URL('../../docs/telemetry.md', import.meta.url), 'utf8');
  const queries = [...page.matchAll(/```kusto\n([\s\S]*?)```/g)].map(([, query = '']) =>
    checkAlertQuery(query),
  );
  expect(queries).toMatchObject([{ problems: [], events: ['automation.profile.lag'] }]);
});

test.each([
  ['a misspelt metric', "name == 'automation.profile.lags'", /No metric is named "automation.profile.lags"/],
  ['an event', "name == 'automation.row.healed'", /No metric is named "automation.row.healed"/],
  [
    'a property of no metric',
    "name == 'automation.profile.lag' and customDimensions.table == ''",
    /"table" among/,
  ],
  [
    'a measurement',
    "name == 'automation.profile.lag' and customMeasurements.rows > 1",
    /'customMeasurements'/,
  ],
])('a query on metrics that asks for %s is wrong', (_what, condition, problem) => {
  expect(checkAlertQuery(`customMetrics | where ${condition}`).problems.join('\n')).toMatch(problem);
});

test('a metric is no event', () => {
  const { problems } = checkAlertQuery("customEvents | where name == 'automation.profile.lag'");
  expect(problems).toEqual(['No event is named "automation.profile.lag".']);
});

describe('the check of a query', () => {
  const query = read('failures-need-attention.kql');

  it.each([
    ['a misspelt table', 'customEvents', 'customEvent', /'customEvent'/],
    ['a misspelt column', 'timestamp - ', 'timestmp - ', /'timestmp'/],
    ['a misspelt function', 'tolong(', 'tolng(', /'tolng'/],
    ['a wrong type', 'timestamp - todouble', 'timestamp - tostring', /The operator '.' is not defined/],
    ['a misspelt event', 'row.abandoned', 'row.abandonned', /No event is named "automation.row.abandonned"/],
    [
      'a misspelt property',
      'customDimensions.cause',
      'customDimensions.cuase',
      /"cuase" among its properties/,
    ],
    ['a property of another event', 'customDimensions.cause', 'customDimensions.phase', /"phase" among/],
    [
      'a misspelt measurement',
      'customMeasurements.rows',
      'customMeasurements.row',
      /"row" among its measure/,
    ],
    [
      'a measurement taken for a property',
      'customMeasurements.rows',
      'customDimensions.rows',
      /"rows" among/,
    ],
    [
      'a property it cannot see',
      'customDimensions.cause',
      "customDimensions['cause']",
      /one member at a time/,
    ],
    [
      'an event it cannot see',
      "name == 'automation.row",
      "name startswith 'automation.row",
      /"==" or "in" only/,
    ],
    ['a missing bracket', 'todouble(', 'todouble', /./],
  ])('finds %s', (_what, right, wrong, problem) => {
    const broken = query.replaceAll(right, wrong);
    expect(broken).not.toBe(query);
    expect(checkAlertQuery(broken).problems.join('\n')).toMatch(problem);
  });
});
