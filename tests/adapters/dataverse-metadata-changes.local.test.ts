import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Dataverse } from '../../shared/ports/dataverse.ts';
import { metadataChangesContract } from '../contracts/metadata-changes.ts';
import { type SimulatedOrganization, simulatedOrganization } from './simulated-organization.ts';

let organization: SimulatedOrganization;
let source: Dataverse;
let columns = 0;

beforeAll(async () => {
  organization = await simulatedOrganization(0);
  source = organization.dataverse(100);
});
afterAll(() => organization.close());

const switchTo = (switches: object) => organization.simulator('PATCH', '/switches', switches);
const change = (body: object) => organization.simulator('POST', '/schema', body);
afterEach(() =>
  switchTo({
    metadataChanges: 'told',
    changesHeedConsistency: true,
    changesTellGlobalChoices: true,
    staleMetadataVersionSeconds: 0,
  }),
);

const since = async (stamp?: string) => {
  const changes = await source.metadataChanges('account', stamp);
  if (!changes) throw new Error('not told');
  return changes;
};
const addColumn = (table: string, name: string) =>
  change({ table, addColumn: `${name} integer min=0 max=60; Number` });

describe('the organization over HTTP', () => {
  metadataChangesContract(async () => {
    // Of one organization that all tests share, each column is made once.
    columns += 1;
    const nameOf = (name: string) => `${name}_${columns}`;
    const dataverse: Dataverse = {
      ...source,
      tableDefinition: async (table) => {
        const definition = await source.tableDefinition(table);
        const attributes = definition.attributes.map((one) => ({
          ...one,
          logicalName: one.logicalName.replace(/_\d+$/, ''),
        }));
        return { ...definition, attributes };
      },
    };
    return {
      dataverse,
      addColumn: async (table, name) => void (await addColumn(table, nameOf(name))),
      dropColumn: async (table, name) => void (await change({ table, dropColumn: nameOf(name) })),
      relabel: async (table, label) =>
        void (await change({ table, column: 'industrycode', changeLabel: { value: 1, label } })),
      answers: async (metadataChanges) => void (await switchTo({ metadataChanges })),
    };
  });
});

test.each([
  ['a raised MaxLength', { table: 'account', column: 'name', maxLength: 200 }],
  ['a new option', { table: 'account', column: 'industrycode', addOption: { value: 99, label: 'New' } }],
  ['a deleted option', { table: 'account', column: 'industrycode', dropOption: 99 }],
  ['another entity set', { table: 'account', renameSet: 'firms' }],
  ['a column that is no more readable', { table: 'account', column: 'fax', makeReadable: false }],
])('%s is a change', async (_, body) => {
  const { stamp } = await since();
  await change(body);
  expect((await since(stamp)).isChanged).toBe(true);
});

test('the question is answered afresh, where the organization heeds that', async () => {
  const { stamp } = await since();
  await switchTo({ staleMetadataVersionSeconds: 60 });
  await addColumn('account', 'new_fresh');
  await switchTo({ changesHeedConsistency: false });
  const stale = await since(stamp);
  expect(stale.isChanged).toBe(false);
  await switchTo({ changesHeedConsistency: true });
  expect((await since(stale.stamp)).isChanged).toBe(true);
});

test.each([true, false])('a label of a global choice is a change where that is told (%s)', async (isTold) => {
  await switchTo({ changesTellGlobalChoices: isTold });
  const before = await source.metadataChanges('contact');
  const changeLabel = { value: 0, label: `Sunday ${isTold}` };
  await change({ table: 'contact', column: 'cra05_favouritedaysofweek', changeLabel });
  const after = await source.metadataChanges('contact', before?.stamp);
  expect(after?.isChanged).toBe(isTold);
});

test('each question is one request, counted', async () => {
  const counted = async () => {
    const { requests } = await organization.simulator('GET', '');
    return requests['GET RetrieveMetadataChanges()'] ?? 0;
  };
  const before = await counted();
  const { stamp } = await since();
  await since(stamp);
  expect((await counted()) - before).toBe(2);
});

test('a new language makes the stamps of before void', async () => {
  const { stamp } = await since();
  await change({ addLanguage: 1036 });
  expect(await source.metadataChanges('account', stamp)).toBeUndefined();
});
