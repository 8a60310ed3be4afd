import { expect, test } from 'vitest';
import type { Dataverse } from '../../shared/ports/dataverse.ts';

/** An organization with the tables account and contact, and what somebody does to their metadata. */
export interface ChangingMetadata {
  readonly dataverse: Dataverse;
  addColumn(table: string, name: string): Promise<void>;
  dropColumn(table: string, name: string): Promise<void>;
  relabel(table: string, text: string): Promise<void>;
  answers(how: 'told' | 'expired' | 'refused'): Promise<void>;
}

/** What replication relies on where it asks what changed of a table. */
export function metadataChangesContract(start: () => Promise<ChangingMetadata>): void {
  const begin = async () => {
    const organization = await start();
    const since = async (stamp?: string) => {
      const changes = await organization.dataverse.metadataChanges('account', stamp);
      if (!changes) throw new Error('not told');
      return changes;
    };
    return { ...organization, since, first: (await since()).stamp };
  };

  test('what changed of another table is no change of this one', async () => {
    const { addColumn, since, first } = await begin();
    await addColumn('contact', 'new_shoe');
    expect(await since(first)).toMatchObject({ isChanged: false, deletedIds: [] });
  });

  test('a column that is made, and a label, are changes until they are known', async () => {
    const { addColumn, relabel, since, first } = await begin();
    await addColumn('account', 'new_motto');
    const second = await since(first);
    expect(second.isChanged).toBe(true);
    const third = await since(second.stamp);
    expect(third.isChanged).toBe(false);
    await relabel('account', 'Steel');
    expect((await since(third.stamp)).isChanged).toBe(true);
    expect((await since(first)).isChanged).toBe(true);
  });

  test('columns that are deleted are told of whichever table', async () => {
    const { dataverse, addColumn, dropColumn, since } = await begin();
    await addColumn('account', 'new_gone');
    await addColumn('contact', 'new_gone');
    const { stamp } = await since();
    const idOf = async (table: string) =>
      (await dataverse.tableDefinition(table)).attributes
        .find(({ logicalName }) => logicalName === 'new_gone')
        ?.metadataId?.toLowerCase();
    const ids = [await idOf('account'), await idOf('contact')];
    await dropColumn('account', 'new_gone');
    await dropColumn('contact', 'new_gone');
    expect(await since(stamp)).toMatchObject({ isChanged: false, deletedIds: ids });
  });

  test.each(['expired', 'refused'] as const)(
    'a question that is %s has no answer, and is no failure',
    async (how) => {
      const { dataverse, answers, first } = await begin();
      await answers(how);
      expect(await dataverse.metadataChanges('account', first)).toBeUndefined();
      const anew = await dataverse.metadataChanges('account');
      expect(anew === undefined).toBe(how === 'refused');
    },
  );
}
