import { expect, test } from 'vitest';
import { previewRetouch } from '../../../shared/automation/preview-retouch.ts';
import type { Failure } from '../../../shared/model/failure.ts';
import { aFailure, anEntry } from '../../contracts/failures.ts';

const failure = (row: number | undefined, change: Partial<Failure> = {}): Failure => ({
  ...aFailure('profile', anEntry({ recordId: row === undefined ? undefined : `row-${row}` })),
  ...{ state: 'waiting', cause: 'constraint', pattern: undefined },
  ...change,
});

test('what a re-touch would do is counted in rows, with a reason for each that it cannot do', () => {
  const preview = previewRetouch([
    failure(1),
    failure(1),
    failure(2, { state: 'needs-attention' }),
    failure(3, { entity: 'contact' }),
    failure(4, { cause: 'unknown', pattern: 'One.' }),
    failure(5, { cause: 'unknown', pattern: 'Other.' }),
    failure(6, { cause: 'timeout-or-deadlock', state: 'retouching' }),
    failure(7, { cause: 'timeout-or-deadlock' }),
    failure(8, { state: 'healed' }),
    failure(9, { cause: 'source' }),
    failure(undefined),
  ]);
  expect(preview).toEqual({
    rows: 10,
    tables: { account: 9, contact: 1 },
    byCause: { constraint: 5, unknown: 2, 'timeout-or-deadlock': 2, source: 1 },
    probes: 4,
    wouldWrite: 6,
    notPossible: [
      { reason: 'The row is being written again already.', rows: 1 },
      { reason: 'The row was healed, or deleted in Dataverse.', rows: 1 },
      { reason: expect.stringMatching(/^No re-touch heals it\. Read the reason/), rows: 1 },
      { reason: 'The failure concerns the whole table.', rows: 1 },
    ],
  });
});

test('nothing would be written where the organization or the table cannot be re-touched', () => {
  const failures = [failure(1), failure(2, { entity: 'contact' })];
  const still = 'Nothing moves.';
  expect(previewRetouch(failures, { organization: still })).toMatchObject({
    probes: 0,
    wouldWrite: 0,
    notPossible: [{ reason: still, rows: 2 }],
  });
  expect(previewRetouch(failures, { tables: new Map([['contact', still]]) })).toMatchObject({
    probes: 1,
    wouldWrite: 1,
    notPossible: [{ reason: still, rows: 1 }],
  });
});
