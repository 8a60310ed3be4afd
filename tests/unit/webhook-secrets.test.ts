import { expect, test } from 'vitest';
import { secretsIn } from '../../shared/model/webhook-signature.ts';

const [one, other] = ['first-Secret-of-32-characters-000', 'second-Secret-of-32-characters-0'];

test('secrets stand one a line', () => {
  expect(secretsIn(`${one}\n`, 'json')).toEqual([one]);
  expect(secretsIn(`${one}\r\n\n${other}`, 'json')).toEqual([one, other]);
});

test.each([
  ['', 'there is none'],
  ['x'.repeat(31), 'secret 1 is too short'],
  [`${one}\nmy pass word`, 'secret 2 is too short, secret 2 holds white space'],
  [`${one} ${other}`, 'secret 1 holds white space'],
  [`${one}\t`, 'secret 1 holds white space'],
])('"%s" is refused: %s', (text, problem) => {
  const read = () => secretsIn(text, '"json" in TICKET_WEBHOOKS');
  expect(read).toThrow(
    `Cannot use the webhook secrets of "json" in TICKET_WEBHOOKS: ${problem}; expected one or more of at least 32 characters without white space, one a line.`,
  );
});
