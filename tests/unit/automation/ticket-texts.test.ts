import { expect, test } from 'vitest';
import { outcomeText, tellable, ticketOf } from '../../../shared/automation/ticket-texts.ts';
import type { HealthFinding } from '../../../shared/model/health-finding.ts';
import type { Operation } from '../../../shared/model/operation.ts';
import { selectionOf } from '../../../shared/model/ticket-subject.ts';
import { anOperation } from '../../contracts/operations.ts';

const selection = selectionOf('55555555-5555-4555-8555-555555555555');
const idle = 'No failure that is not over fits the selection.';
const textOf = (kind: 'retouch-failures' | 'retry-failures', change: Partial<Operation>) =>
  outcomeText(
    anOperation(new Date('2026-11-28T10:00:00Z'), {
      ...{ request: { kind, selection }, state: 'succeeded' },
      ...change,
    }),
  );

test.each([
  ['retouch-failures', { message: idle, rows: {} }, `Nothing was done: ${idle}`],
  [
    'retouch-failures',
    { message: 'Rows: 30 wait for another try.', rows: { waiting: 30 } },
    /^The failed rows were to be written again: tried .*\. Rows: 30 wait for another try\.\n\nOperation /,
  ],
  [
    'retouch-failures',
    { message: 'Rows: 2 healed, 1 need attention.', rows: { healed: 2, 'needs-attention': 1 } },
    /written again: done .*2 healed/,
  ],
  [
    'retry-failures',
    { message: 'Rows: 30 wait for another try.', rows: { waiting: 30 } },
    /taken up again: done/,
  ],
  [
    'retouch-failures',
    { state: 'failed', message: 'Was given up.', rows: { healed: 2, waiting: 0 } },
    /written again: failed .*Was given up\.\n\nRows: 2 healed\./,
  ],
] as const)('of %s, %s is told as %s', (kind, change, text) => {
  const told = textOf(kind, change);
  if (typeof text === 'string') expect(told).toContain(text);
  else expect(told).toMatch(text);
});

const finding: HealthFinding = {
  ...{ id: 'x', kind: 'failures-growing', profileId: 'p', profileName: 'Sales', organizationId: 'o' },
  ...{ table: 'account', severity: 'error', state: 'open', openedAt: '2026-11-28T10:00:00.000Z', seenAt: '' },
  ...{ missingSince: undefined, closedAt: undefined, whatToDo: 'Look.', occurrences: 1, flaps: 0 },
  message: '30 rows of table "account" could not be written.',
  opening: { message: '30 rows of table "account" could not be written.', whatToDo: 'Look.' },
};

test('a title names the table once', () => {
  expect(ticketOf(tellable(finding)).title).toBe(
    'Dataverse export: profile "Sales": 30 rows of table "account" could not be written.',
  );
  const other = { ...finding, opening: { message: 'It waits.', whatToDo: 'Look.' } };
  expect(ticketOf(tellable(other)).title).toBe(
    'Dataverse export: profile "Sales", table "account": It waits.',
  );
});

test('the story of a finding tells what it was at first only where it has changed', () => {
  const closed = { ...finding, state: 'closed', closedAt: '2026-11-28T10:30:00.000Z' } as const;
  expect(tellable(closed).story).toBe('It lasted 30 minutes.');
  const moved = { ...closed, opening: { message: '5 rows.', whatToDo: 'Look.' } };
  expect(tellable(moved).story).toBe('At first: 5 rows. It lasted 30 minutes.');
});
