import { expect, test } from 'vitest';
import { asNamed } from '../../shared/errors.ts';

test.each([
  ['https://contoso.crm4.dynamics.com/', 'https://contoso.crm4.dynamics.com/'],
  ['https://ada:p4ssw0rd@contoso.crm4.dynamics.com/x?y', 'https://contoso.crm4.dynamics.com/x?y'],
  ['https://ada:p4ss@w0rd@contoso.crm4.dynamics.com', 'https://contoso.crm4.dynamics.com'],
  ['https:\\\\ada:p4ssw0rd@contoso.crm4.dynamics.com', 'https:\\\\contoso.crm4.dynamics.com'],
  ['postgres://ada:p4ssw0rd@db/x,postgres://ada:p4ssw0rd@db/y', 'postgres://db/x,postgres://db/y'],
  ['ada@contoso.example', 'ada@contoso.example'],
])('what a caller named is told without a login: %s', (text, told) => {
  expect(asNamed(text)).toBe(told);
});

test.each([
  'Server=tcp:db.example,1433;User ID=sa;Password = hunter2;',
  'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=aHVudGVyMg==',
  'https://a.blob.core.windows.net/c?sv=2026-10-06&SIG=aHVudGVyMg',
  '/crm/exporter/profiles/User%20ID%3Dsa%3BPassword%20%3Dhunter2%3B',
  `Bearer eyJ${'a'.repeat(80)}.eyJ${'b'.repeat(600)}.c`,
])('what looks like a secret is not told at all: %s', (text) => {
  expect(asNamed(text)).toBe('(it looks like a secret)');
});

test.each([
  ['a\u202Egnp.exe', 'a\uFFFDgnp.exe'],
  ['two\u2028lines', 'two\uFFFDlines'],
  ['half \uD800', 'half \uFFFD'],
  ['👩\u200D💻', '👩\u200D💻'],
])('what a caller named looks like what it is: %j', (text, told) => expect(asNamed(text)).toBe(told));

test('what a caller named is told shortly', () => {
  expect(asNamed('x'.repeat(1000))).toHaveLength(200);
});
