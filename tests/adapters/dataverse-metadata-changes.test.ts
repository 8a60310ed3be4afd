import { expect, test } from 'vitest';
import { webApiServer } from './web-api-server.ts';

const answer = { ServerVersionStamp: '7!11/28/2026 18:00:00', EntityMetadata: [], DeletedMetadata: null };

test('what changed of a table is one request that names what belongs to its definition, answered afresh', async () => {
  const Values = [{ Count: 1, IsReadOnly: false, Items: ['AAAAAAAA-0000-4000-8000-000000000001'] }];
  await using server = await webApiServer([
    { body: { ...answer, DeletedMetadata: { Count: 1, IsReadOnly: false, Keys: ['Attribute'], Values } } },
  ]);
  const told = await server.dataverse.metadataChanges('account', "1!it's");
  expect(told).toEqual({
    stamp: '7!11/28/2026 18:00:00',
    isChanged: false,
    deletedIds: ['aaaaaaaa-0000-4000-8000-000000000001'],
  });
  const [request] = server.requests;
  expect(request?.headers.consistency).toBe('Strong');
  const url = new URL(request?.url ?? '', server.origin);
  expect(url.pathname).toBe(
    '/api/data/v9.2/RetrieveMetadataChanges(Query=@p1,DeletedMetadataFilters=@p2,ClientVersionStamp=@p3)',
  );
  expect(url.searchParams.get('@p2')).toBe("Microsoft.Dynamics.CRM.DeletedMetadataFilters'Attribute'");
  expect(url.searchParams.get('@p3')).toBe("'1!it''s'");
  expect(JSON.parse(url.searchParams.get('@p1') ?? '')).toEqual({
    Properties: {
      AllProperties: false,
      PropertyNames: [
        'LogicalName',
        'EntitySetName',
        'PrimaryIdAttribute',
        'Attributes',
        'ManyToOneRelationships',
      ],
    },
    AttributeQuery: { Properties: { AllProperties: true } },
    RelationshipQuery: {
      Properties: { AllProperties: false, PropertyNames: ['ReferencedEntity', 'ReferencedAttribute'] },
    },
    Criteria: {
      FilterOperator: 'And',
      Conditions: [
        {
          ConditionOperator: 'Equals',
          PropertyName: 'LogicalName',
          Value: { Type: 'System.String', Value: 'account' },
        },
      ],
    },
  });
});

test.each([
  [
    'a table in which nothing is marked, as where an option was deleted',
    { EntityMetadata: [{ HasChanged: false }] },
    true,
  ],
  ['no deleted ids', { DeletedMetadata: { Count: 0 } }, false],
])('%s is read', async (_, body, isChanged) => {
  await using server = await webApiServer([{ body: { ...answer, ...body } }]);
  expect(await server.dataverse.metadataChanges('account', '1')).toMatchObject({ isChanged, deletedIds: [] });
});

test.each([
  ['without a stamp', { body: { EntityMetadata: [] } }],
  ['without tables', { body: { ServerVersionStamp: '7' } }],
  ['with deleted ids in another form', { body: { ...answer, DeletedMetadata: { Values: 'x' } } }],
  ['that is no JSON', { body: '<html>' }],
  ['that the stamp has expired', { status: 400, body: { error: { code: '0x80044352', message: '' } } }],
  ['that the function is unknown', { status: 404, body: { error: { code: '0x80060888', message: '' } } }],
  ['that a privilege is missing', { status: 403, body: { error: { code: '0x80040220', message: '' } } }],
  ['that it failed inside', { status: 500, body: { error: { code: '0x80044183', message: '' } } }],
])('an answer %s does not count as one that nothing changed, and is no failure', async (_, reply) => {
  await using server = await webApiServer([reply]);
  expect(await server.dataverse.metadataChanges('account', '1')).toBeUndefined();
});

test('that Dataverse asks to wait is heeded', async () => {
  await using server = await webApiServer([
    { status: 429, headers: { 'retry-after': '300' }, body: { error: { code: '0x80072322', message: '' } } },
  ]);
  await expect(server.dataverse.metadataChanges('account', '1')).rejects.toMatchObject({
    code: 'DATAVERSE_THROTTLED',
  });
});
