import { expect, test } from 'vitest';
import type { Dataverse } from '../../../shared/ports/dataverse.ts';
import type { Destination } from '../../../shared/ports/destination.ts';
import { followMetadata } from '../../../shared/sync/table-metadata.ts';
import { attribute, fakeDataverse, smallTable } from '../../fakes/fake-dataverse.ts';
import { fakeDestination } from '../../fakes/fake-destination.ts';

const organization = { id: '', name: 'Contoso', url: 'https://contoso.example/', tenantId: '' };
const readAt = new Date('2026-11-23T10:00:00.000Z');
const industry = (text: string) => [
  {
    attribute: 'industrycode',
    isGlobal: false,
    options: [{ value: 1, labels: [{ text, language: 1033 }], userLabel: { text, language: 1033 } }],
  },
];

async function start() {
  const source = fakeDataverse(organization, ['account']);
  const table = smallTable('account');
  source.define({ ...table, attributes: [...table.attributes, attribute('industrycode', 'Picklist')] });
  source.defineOptions('account', industry('Accounting'));
  const destination = fakeDestination();
  await destination.ensureSystemTables({ hasDeleteLog: false });
  const done: string[] = [];
  const dataverse: Dataverse = {
    ...source.dataverse,
    optionSets: async (definition) => {
      done.push('read');
      return source.dataverse.optionSets(definition);
    },
  };
  const counted: Destination = {
    ...destination,
    writeMetadata: async (metadata) => {
      done.push('write');
      return destination.writeMetadata(metadata);
    },
  };
  const follow = async (hasUserLabels = false, told = true, into = counted) => {
    done.length = 0;
    const version = told ? await dataverse.metadataVersion() : undefined;
    const reading = { version, readAt, hasUserLabels };
    await followMetadata(source.definition('account'), reading, dataverse, into);
    return done;
  };
  const labels = () => destination.metadataRows('OptionSetMetadata')?.map((row) => row.LocalizedLabel);
  return { source, destination, dataverse, counted, follow, labels };
}

test('what the destination holds already is neither read nor written again', async () => {
  const { source, follow, labels } = await start();
  expect(await follow()).toEqual(['read', 'write']);
  expect(labels()).toEqual(['Accounting']);
  expect(await follow()).toEqual([]);
  source.defineOptions('account', industry('Book-keeping'));
  expect(await follow()).toEqual(['read', 'write']);
  expect(labels()).toEqual(['Book-keeping']);
});

test('an organization that tells no version is read each time', async () => {
  const { follow } = await start();
  expect(await follow(false, false)).toEqual(['read', 'write']);
  expect(await follow(false, false)).toEqual(['read', 'write']);
});

test('labels of the user come and go with the setting', async () => {
  const { follow, labels } = await start();
  await follow();
  expect(await follow(true)).toEqual(['read', 'write']);
  expect(labels()).toEqual(['Accounting', 'Accounting']);
  expect(await follow()).toEqual(['read', 'write']);
  expect(labels()).toEqual(['Accounting']);
});

test('a worker that slept puts nothing back over what another has read later', async () => {
  const { source, counted, follow, labels } = await start();
  const sleeper: Destination = {
    ...counted,
    writeMetadata: async (metadata) => {
      source.defineOptions('account', industry('Book-keeping'));
      await follow();
      return counted.writeMetadata(metadata);
    },
  };
  await follow(false, true, sleeper);
  expect(labels()).toEqual(['Book-keeping']);
});

test('nor does one whose definition is older than what it finds written', async () => {
  const { source, destination, dataverse, follow, labels } = await start();
  const old = { version: await dataverse.metadataVersion(), readAt, hasUserLabels: false };
  const definition = smallTable('account');
  source.defineOptions('account', industry('Book-keeping'));
  await follow();
  await followMetadata(definition, old, dataverse, destination);
  expect(labels()).toEqual(['Book-keeping']);
});

test('the metadata of an organization that was restored is followed, although its versions are lower', async () => {
  const { source, follow, labels } = await start();
  source.defineOptions('account', industry('Book-keeping'));
  await follow();
  source.defineOptions('account', industry('Accounting'));
  source.restoreVersion();
  expect(await follow()).toEqual(['read', 'write']);
  expect(labels()).toEqual(['Accounting']);
  expect(await follow()).toEqual([]);
});
