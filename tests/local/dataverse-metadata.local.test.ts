import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorOf, type Json, type SimulatedDataverse, simulatedDataverse } from './simulated-dataverse.ts';

let dataverse: SimulatedDataverse;
beforeAll(async () => {
  dataverse = await simulatedDataverse(0);
});
afterAll(() => dataverse.close());

const cast = (table: string, type: string, rest: string) =>
  dataverse.call(
    `EntityDefinitions(LogicalName='${table}')/Attributes/Microsoft.Dynamics.CRM.${type}AttributeMetadata?${rest}`,
  );

test('the tables of the organization are listed with what a filter and a select ask for', async () => {
  const { body } = await dataverse.call(
    'EntityDefinitions?$select=LogicalName,EntitySetName&$filter=ChangeTrackingEnabled eq true and IsIntersect eq false',
  );
  const names = body.value.map((one) => one.LogicalName);
  expect(names).toEqual(
    expect.arrayContaining(['account', 'contact', 'lead', 'email', 'activitypointer', 'systemuser']),
  );
  expect(names).not.toContain('userquery');
  expect(names).not.toContain('accountleads');
  expect(Object.keys(body.value[0] ?? {})).toEqual(['LogicalName', 'EntitySetName', 'MetadataId']);
});

test.each([
  ['account', 215, 1],
  ['contact', 314, 2],
  ['lead', 312, 4],
  ['annotation', 46, 5],
])('%s has all of its %i attributes', async (table, count, code) => {
  const { body } = await dataverse.call(
    `EntityDefinitions(LogicalName='${table}')?$select=LogicalName,ObjectTypeCode&$expand=Attributes($select=LogicalName,AttributeTypeName,IsValidForRead,AttributeOf)`,
  );
  expect([body.ObjectTypeCode, (body.Attributes as Json[]).length]).toEqual([code, count]);
});

test('items tell their class, except those of the base class', async () => {
  const { body } = await dataverse.call(
    "EntityDefinitions(LogicalName='contact')/Attributes?$select=LogicalName,AttributeType,AttributeTypeName",
  );
  const of = (name: string) => body.value.find((one) => one.LogicalName === name);
  expect(of('fullname')?.['@odata.type' as never]).toBe('#Microsoft.Dynamics.CRM.StringAttributeMetadata');
  expect(of('contactid')).not.toHaveProperty('@odata.type');
  expect(of('cra05_favouritedaysofweek')).toMatchObject({
    AttributeType: 'Virtual',
    AttributeTypeName: { Value: 'MultiSelectPicklistType' },
  });
});

test('option sets carry their labels in two languages, states their default and statuses their state', async () => {
  const industry = (
    await cast('account', 'Picklist', '$select=LogicalName&$expand=OptionSet,GlobalOptionSet')
  ).body.value;
  const set = industry.find((one) => one.LogicalName === 'industrycode') as Json | undefined;
  const options = (set as { OptionSet: Json }).OptionSet.Options as {
    Value: number;
    Label: { LocalizedLabels: Json[] };
  }[];
  expect(options.length).toBe(33);
  for (const one of options)
    expect(one.Label.LocalizedLabels.map((text) => text.LanguageCode)).toEqual([1033, 1031]);
  expect(options[0]?.Label.LocalizedLabels.map((text) => text.Label)).toEqual(['Accounting', 'Buchhaltung']);
  const states = (await cast('account', 'State', '$expand=OptionSet')).body.value[0] as unknown as Json;
  expect((states.OptionSet as { Options: Json[] }).Options[1]).toMatchObject({
    Value: 1,
    DefaultStatus: 2,
    InvariantName: 'Inactive',
  });
  const statuses = (await cast('account', 'Status', '$expand=OptionSet')).body.value[0] as unknown as Json;
  expect((statuses.OptionSet as { Options: Json[] }).Options[1]).toMatchObject({ Value: 2, State: 1 });
  const phone = (await cast('account', 'Boolean', '$select=LogicalName&$expand=OptionSet')).body.value.find(
    (one) => one.LogicalName === 'donotphone',
  ) as Json | undefined;
  expect(phone?.OptionSet).toMatchObject({ TrueOption: { Value: 1 }, FalseOption: { Value: 0 } });
});

test('each class tells its own facts', async () => {
  const text = (
    await cast(
      'account',
      'String',
      "$select=LogicalName,MaxLength,DatabaseLength,FormatName&$filter=LogicalName eq 'name'",
    )
  ).body;
  expect(text.value[0]).toMatchObject({ MaxLength: 160, DatabaseLength: 320, FormatName: { Value: 'Text' } });
  const money = (
    await cast('account', 'Money', "$select=Precision,PrecisionSource&$filter=LogicalName eq 'revenue_base'")
  ).body;
  expect(money.value[0]).toMatchObject({ Precision: 4, PrecisionSource: 2 });
  const date = (
    await cast('contact', 'DateTime', "$select=Format,DateTimeBehavior&$filter=LogicalName eq 'birthdate'")
  ).body;
  expect(date.value[0]).toMatchObject({ Format: 'DateOnly', DateTimeBehavior: { Value: 'DateOnly' } });
  const lookup = (
    await cast('contact', 'Lookup', "$select=Targets&$filter=LogicalName eq 'parentcustomerid'")
  ).body;
  expect(lookup.value[0]).toMatchObject({ Targets: ['account', 'contact'] });
});

test('many-to-many relationships name their intersect table and its two columns', async () => {
  const { body } = await dataverse.call(
    'RelationshipDefinitions/Microsoft.Dynamics.CRM.ManyToManyRelationshipMetadata?$select=SchemaName,IntersectEntityName,Entity1LogicalName,Entity1IntersectAttribute,Entity2LogicalName,Entity2IntersectAttribute',
  );
  expect(body.value.find((one) => one.IntersectEntityName === 'accountleads')).toMatchObject({
    SchemaName: 'accountleads_association',
    Entity1LogicalName: 'account',
    Entity1IntersectAttribute: 'accountid',
    Entity2LogicalName: 'lead',
    Entity2IntersectAttribute: 'leadid',
  });
});

test('party lists are metadata only', async () => {
  const { body } = await cast(
    'email',
    'Lookup',
    "$select=LogicalName,AttributeTypeName&$filter=LogicalName eq 'to'",
  );
  expect(body.value[0]).toMatchObject({ AttributeTypeName: { Value: 'PartyListType' } });
  expect((await dataverse.call('emails?$select=to')).status).toBe(400);
});

test('an unknown table or property is an error', async () => {
  const table = await dataverse.call("EntityDefinitions(LogicalName='foo')");
  expect([table.status, errorOf(table).code]).toEqual([404, '0x80040217']);
  expect((await dataverse.call("EntityDefinitions(LogicalName='account')?$select=Foo")).status).toBe(400);
});

test('the organization row tells how long delta tokens live', async () => {
  const { body } = await dataverse.call(
    'organizations?$select=expirechangetrackingindays,expiresubscriptionsindays,languagecode,pricingdecimalprecision,_basecurrencyid_value',
  );
  expect(body.value[0]).toMatchObject({
    expirechangetrackingindays: 7,
    expiresubscriptionsindays: 7,
    languagecode: 1033,
  });
});

test('a schema change grows the metadata version and shows in rows', async () => {
  const version = async () => (await dataverse.simulator('GET', '')).body.metadataVersion as number;
  const before = await version();
  const change = (body: Json) => dataverse.simulator('POST', '/schema', body);
  expect(
    (await change({ table: 'contact', addColumn: 'new_Shoe_Size integer min=0 max=60; Shoe Size' })).status,
  ).toBe(200);
  expect((await change({ table: 'contact', column: 'lastname', maxLength: 80 })).status).toBe(200);
  expect(
    (await change({ table: 'contact', column: 'gendercode', addOption: { value: 3, label: 'Diverse' } }))
      .status,
  ).toBe(200);
  expect(await version()).toBeGreaterThan(before);
  const made = await dataverse.call('contacts', {
    method: 'POST',
    body: { lastname: 'x'.repeat(80), new_shoe_size: 42, gendercode: 3 },
  });
  expect(made.status).toBe(204);
  await dataverse.restart();
  expect((await dataverse.call('contacts?$select=new_shoe_size,gendercode')).body.value[0]).toMatchObject({
    new_shoe_size: 42,
    gendercode: 3,
  });
  const shrink = await change({ table: 'contact', column: 'lastname', maxLength: 10 });
  expect([shrink.status, shrink.body.error]).toEqual([
    400,
    'Cannot set MaxLength of column "lastname": it is 80; a MaxLength can only grow.',
  ]);
});

test('a set that is renamed, a column that cannot be read and a copy that is removed stay so after a restart', async () => {
  const change = (body: Json) => dataverse.simulator('POST', '/schema', body);
  await change({ table: 'team', copyAs: 'sample_002' });
  await dataverse.simulator('POST', '/rows', { table: 'sample_002', count: 3 });
  expect((await change({ table: 'sample_002', renameSet: 'crews' })).status).toBe(200);
  expect((await change({ table: 'sample_002', column: 'description', makeReadable: false })).status).toBe(
    200,
  );
  for (const act of [async () => {}, () => dataverse.restart()]) {
    await act();
    const old = await dataverse.call('sample_002s');
    expect([old.status, errorOf(old).code]).toEqual([404, '0x80060888']);
    const [row] = (await dataverse.call('crews')).body.value;
    expect(row).toHaveProperty('teamid');
    expect(row).not.toHaveProperty('description');
  }
  expect((await change({ table: 'team', removeTable: true })).body.error).toMatch(/is the platform's own/);
  expect((await change({ table: 'sample_002', removeTable: true })).status).toBe(200);
  const gone = await dataverse.call("EntityDefinitions(LogicalName='sample_002')");
  expect([gone.status, errorOf(gone).code]).toEqual([404, '0x80040217']);
  expect((await dataverse.call('crews')).status).toBe(404);
  await change({ table: 'team', copyAs: 'sample_002' });
  await dataverse.restart();
  expect((await dataverse.call('sample_002s')).body.value).toEqual([]);
});

test('a copy of a table has rows and metadata of its own, also after a restart', async () => {
  const copy = () => dataverse.simulator('POST', '/schema', { table: 'team', copyAs: 'sample_001' });
  expect((await copy()).status).toBe(200);
  expect((await dataverse.simulator('POST', '/rows', { table: 'sample_001', count: 3 })).status).toBe(200);
  await dataverse.restart();
  const { body: definition } = await dataverse.call(
    "EntityDefinitions(LogicalName='sample_001')?$select=EntitySetName,PrimaryIdAttribute,ObjectTypeCode,ChangeTrackingEnabled",
  );
  expect(definition).toMatchObject({
    ...{ EntitySetName: 'sample_001s', PrimaryIdAttribute: 'teamid', ChangeTrackingEnabled: true },
    ObjectTypeCode: expect.any(Number),
  });
  expect(definition.ObjectTypeCode).toBeGreaterThanOrEqual(10_000);
  expect((await dataverse.call('sample_001s?$select=teamid')).body.value).toHaveLength(3);
  expect((await copy()).body.error).toBe('Cannot add table "sample_001": there is one of this name.');
});
