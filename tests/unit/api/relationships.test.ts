import { expect, test } from 'vitest';
import { exportableRelationships } from '../../../shared/api/exportable-tables.ts';
import { metadataRelationships } from '../../../shared/api/metadata-relationships.ts';
import { profilesCreate } from '../../../shared/api/profiles-create.ts';
import { profilesValidate } from '../../../shared/api/profiles-validate.ts';
import type { Relationship } from '../../../shared/model/table-schema.ts';
import {
  deploying,
  description,
  errorOf,
  organization,
  powerless,
  reader,
  request,
  stranger,
  stubPorts,
  table,
  ticketing,
} from './stub-ports.ts';

const query = { organizationurl: organization.url };
const listed = (parts: Parameters<typeof request>[0] = {}) =>
  metadataRelationships(request({ query, ...parts }), stubPorts().ports);

test('relationships are told by name, each with the tables it joins and the table of its rows', async () => {
  expect(await listed()).toEqual([
    {
      Entity1LogicalName: 'account',
      Entity2LogicalName: 'contact',
      IntersectLogicalName: 'accountcontacts',
      IsIntersect: true,
      Name: 'AccountContacts_Association',
    },
    {
      Entity1LogicalName: 'account',
      Entity2LogicalName: 'untracked',
      IntersectLogicalName: 'accountuntracked',
      IsIntersect: true,
      Name: 'Account_Untracked',
    },
  ]);
});

test('relationships are for those who may see tables', async () => {
  expect(await listed({ caller: deploying })).toHaveLength(2);
  for (const caller of [reader, stranger, ticketing, powerless])
    expect((await errorOf(listed({ caller }))).code).toBe('REQUEST_NOT_ALLOWED');
  expect(await errorOf(listed({ query: {} }))).toMatchObject({
    code: 'REQUEST_INVALID',
    parameters: ['organizationUrl'],
  });
});

const relationship: Relationship = {
  name: 'a_b',
  intersectName: 'ab',
  firstTable: 'a',
  secondTable: 'b',
};
const never = { hasChangeTracking: false, canTrackChanges: false };
const later = { hasChangeTracking: false, canTrackChanges: true };
const always = { hasChangeTracking: true, canTrackChanges: false };

test.each([
  ['all are tracked', always, always, true],
  ['all can be', later, later, true],
  ['a table that it joins cannot be', always, never, false],
  ['its own cannot be', never, always, false],
])('a relationship is offered as its tables are tracked: %s', (_, own, joined, isOffered) => {
  const tables = [table('ab', { isIntersect: true, ...own }), table('a', joined), table('b')];
  expect(exportableRelationships([relationship], tables)).toEqual(isOffered ? [relationship] : []);
});

test('a relationship whose tables the organization does not show is not offered', () => {
  expect(exportableRelationships([relationship], [table('ab'), table('a')])).toEqual([]);
});

const withTable = (Type: string) => request({ body: { ...description, Entities: [{ Type }] } });

test('the name of a relationship is refused as a table, with the table to use', async () => {
  const error = await errorOf(profilesCreate(withTable('AccountContacts_Association'), stubPorts().ports));
  expect(error.code).toBe('TABLE_UNKNOWN');
  expect(error.message).toContain(
    'table "accountcontacts_association" does not exist in the organization: it is the name of a relationship; use its table "accountcontacts"',
  );
});

test('the table of a relationship can be in a profile; a warning says which table lacks change tracking', async () => {
  const report = (type: string) => profilesValidate(withTable(type), stubPorts().ports);
  expect(await report('AccountContacts')).not.toContain('warning');
  expect(await report('accountuntracked')).toContain(
    'warning: table "accountuntracked" joins "untracked", without change tracking, and will not be exported',
  );
});
