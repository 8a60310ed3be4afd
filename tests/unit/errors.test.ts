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

test('what a caller named is told shortly', () => {
  expect(asNamed('x'.repeat(1000))).toHaveLength(200);
});
