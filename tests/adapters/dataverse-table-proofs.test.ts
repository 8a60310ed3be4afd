import { expect, test } from 'vitest';
import { tableProofs } from '../../shared/adapters/dataverse/table-proofs.ts';
import { ServiceError } from '../../shared/errors.ts';

const table = { logicalName: 'account', entitySetName: 'accounts', primaryId: 'accountid' };
const clock = { now: () => new Date(0), sleep: async () => {} };

test('where one identity may not read a table and the other is throttled, people are not told of a missing privilege', async () => {
  const refusal = new ServiceError('DATAVERSE_PRIVILEGE_MISSING', 'Cannot read: no privilege.');
  const throttled = new ServiceError('DATAVERSE_THROTTLED', 'Cannot read: asked to wait.');
  let isBusy = true;
  const { givenBy } = tableProofs(async (identity) => {
    if (identity === 0) throw refusal;
    if (isBusy) throw throttled;
  }, clock);
  await expect(givenBy([0, 1], table)).rejects.toBe(throttled);
  isBusy = false;
  await expect(givenBy([0, 1], table)).resolves.toEqual([1]);
  await expect(givenBy([0], table)).rejects.toBe(refusal);
});
