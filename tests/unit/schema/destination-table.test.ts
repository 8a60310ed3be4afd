import { describe, expect, it } from 'vitest';
import type { Attribute, TableDefinition } from '../../../shared/model/table-schema.ts';
import { destinationTable } from '../../../shared/schema/destination-table.ts';
import { rowQuery } from '../../../shared/schema/row-query.ts';
import { attribute } from '../../fakes/fake-dataverse.ts';

const satellite = (logicalName: string, type: Attribute['type'], attributeOf: string, maxLength?: number) =>
  attribute(logicalName, type, {
    attributeOf,
    isLogical: true,
    isValidODataAttribute: false,
    ...(maxLength && { maxLength }),
  });

const email: TableDefinition = {
  logicalName: 'email',
  displayName: 'Email',
  entitySetName: 'emails',
  primaryId: 'activityid',
  isIntersect: false,
  hasChangeTracking: true,
  canTrackChanges: true,
  hasOptimisticConcurrency: true,
  attributes: [
    attribute('activityid', 'Uniqueidentifier', { isPrimaryId: true }),
    attribute('subject', 'String', { maxLength: 800 }),
    attribute('description', 'Memo', { maxLength: 1073741823 }),
    attribute('to', 'PartyList', { isValidODataAttribute: false }),
    attribute('regardingobjectid', 'Lookup'),
    satellite('regardingobjectidname', 'String', 'regardingobjectid', 400),
    satellite('regardingobjecttypecode', 'EntityName', 'regardingobjectid'),
    attribute('owningteam', 'Lookup', { isLogical: true }),
    attribute('ownerid', 'Owner'),
    satellite('owneridname', 'String', 'ownerid', 100),
    satellite('owneridyominame', 'String', 'ownerid', 100),
    satellite('owneridtype', 'EntityName', 'ownerid'),
    attribute('statuscode', 'Status'),
    satellite('statuscodename', 'Virtual', 'statuscode'),
    attribute('prioritycode', 'Picklist'),
    attribute('channels', 'MultiSelectPicklist'),
    attribute('statecode', 'State'),
    attribute('isbilled', 'Boolean'),
    attribute('isprivate', 'Boolean', { isValidForRead: false, isValidODataAttribute: false }),
    attribute('amount', 'Money', { precision: 2 }),
    attribute('amount_base', 'Money', { precision: 4 }),
    attribute('exchangerate', 'Decimal', { precision: 12 }),
    attribute('latitude', 'Double', { precision: 5 }),
    attribute('createdon', 'DateTime'),
    attribute('serverversion', 'BigInt'),
    attribute('deliveryattempts', 'Integer'),
    attribute('entityimageid', 'Uniqueidentifier'),
    attribute('entityimage', 'Image', { attributeOf: 'entityimageid' }),
    attribute('entityimage_timestamp', 'BigInt', { attributeOf: 'entityimageid' }),
    attribute('entityimage_url', 'String', { attributeOf: 'entityimageid', maxLength: 200 }),
    attribute('contract', 'File'),
    attribute('contract_name', 'String', { attributeOf: 'contract', maxLength: 200 }),
    attribute('iscustomizable', 'ManagedProperty'),
    attribute('versionnumber', 'BigInt'),
  ],
};

const shown = destinationTable(email).columns.map(({ name, type, source }) => {
  const size = type.kind === 'text' ? type.maxLength : type.kind === 'decimal' ? type.scale : undefined;
  return `${name} ${type.kind}${size === undefined ? '' : `(${size})`} ${source ?? '-'}`;
});

describe('a destination table', () => {
  it('has the columns of the old service, in its order of sections', () => {
    const table = '@Microsoft.Dynamics.CRM.lookuplogicalname';
    const name = '@OData.Community.Display.V1.FormattedValue';
    expect(shown).toEqual([
      'statecode integer statecode',
      'statuscode integer statuscode',
      'prioritycode integer prioritycode',
      'channels text(4000) channels',
      'isbilled boolean isbilled',
      'regardingobjectid guid _regardingobjectid_value',
      `regardingobjectid_entitytype text(128) _regardingobjectid_value${table}`,
      'owningteam guid _owningteam_value',
      `owningteam_entitytype text(128) _owningteam_value${table}`,
      'ownerid guid _ownerid_value',
      `ownerid_entitytype text(128) _ownerid_value${table}`,
      'to guid -',
      'amount decimal(2) amount',
      'amount_base decimal(4) amount_base',
      'activityid guid activityid',
      'subject text(800) subject',
      'description text description',
      `regardingobjectidname text(400) _regardingobjectid_value${name}`,
      `regardingobjecttypecode text(4000) _regardingobjectid_value${table}`,
      `owneridname text(100) _ownerid_value${name}`,
      `owneridyominame text(100) _ownerid_value${name}`,
      `owneridtype text(4000) _ownerid_value${table}`,
      'exchangerate decimal(12) exchangerate',
      'latitude decimal(5) latitude',
      'createdon datetime createdon',
      'serverversion bigint serverversion',
      'deliveryattempts integer deliveryattempts',
      'entityimageid guid entityimageid',
      'entityimage_timestamp bigint entityimage_timestamp',
      'entityimage_url text(200) entityimage_url',
      'versionnumber bigint versionnumber',
    ]);
  });

  it('takes its id from the primary key', () => {
    expect(destinationTable(email)).toMatchObject({ name: 'email', idSource: 'activityid' });
  });

  it('has a version also where the metadata names none', () => {
    const attributes = email.attributes.filter(({ logicalName }) => logicalName !== 'versionnumber');
    expect(destinationTable({ ...email, attributes }).columns.at(-1)?.name).toBe('versionnumber');
  });

  it("leaves a note's file empty", () => {
    const note = {
      ...email,
      logicalName: 'annotation',
      attributes: [attribute('documentbody', 'String', { maxLength: 1073741823 })],
    };
    expect(destinationTable(note).columns[0]).toEqual({ name: 'documentbody', type: { kind: 'text' } });
    expect(rowQuery(note).columns).not.toContain('documentbody');
  });
});

describe('a row query', () => {
  const query = rowQuery(email);

  it('selects each member that fills a column once, and nothing else', () => {
    expect(new Set(query.columns).size).toBe(query.columns.length);
    const members = destinationTable(email).columns.flatMap(({ source }) => source?.split('@')[0] ?? []);
    expect(new Set(query.columns)).toEqual(new Set(members));
  });

  it('asks for annotations only where a column needs them', () => {
    expect(query.hasAnnotations).toBe(true);
    const attributes = [attribute('activityid', 'Uniqueidentifier'), attribute('subject', 'String')];
    expect(rowQuery({ ...email, attributes })).toEqual({
      table: { logicalName: 'email', entitySetName: 'emails', primaryId: 'activityid' },
      columns: ['activityid', 'subject', 'versionnumber'],
      hasAnnotations: false,
    });
  });
});
