import { describe, expect, it, test } from 'vitest';
import { attributeMetadata } from '../../../local/dataverse/metadata/attribute-metadata.ts';
import { schema } from '../../../local/dataverse/schema/schema.ts';
import { definitionOf } from '../../../shared/adapters/dataverse/table-definition.ts';
import { postgresType } from '../../../shared/adapters/postgres/column-types.ts';
import { sqlServerType } from '../../../shared/adapters/sqlserver/column-types.ts';
import { createTable } from '../../../shared/adapters/sqlserver/ddl.ts';
import { createSystemTable } from '../../../shared/adapters/sqlserver/system-tables.ts';
import { firstColumns } from '../../../shared/schema/compare-table.ts';
import { destinationTable } from '../../../shared/schema/destination-table.ts';

interface AttributeFacts {
  readonly LogicalName: string;
  readonly AttributeTypeName: { readonly Value: string };
  readonly AttributeOf: string | null;
  readonly IsValidForRead: boolean;
  readonly IsValidODataAttribute: boolean;
  readonly MaxLength?: number;
  readonly Precision?: number;
}

const dbo = { schema: 'dbo', prefix: '' };
const { tables } = schema();

/** A table of the simulated organization, whose facts are those of real ones, as metadata and as it is made. */
function golden(name: string) {
  const source = tables.get(name);
  if (source === undefined) throw new Error(`no table ${name}`);
  const attributes = source.columns.map(
    (column) => attributeMetadata(source, column) as unknown as AttributeFacts,
  );
  const table = destinationTable(
    definitionOf({
      ...{ LogicalName: name, EntitySetName: source.set, PrimaryIdAttribute: source.id },
      Attributes: attributes,
    }),
  );
  const types = new Map(table.columns.map((column) => [column.name, sqlServerType(column.type)]));
  return { name, attributes, table, types };
}

const goldens = ['account', 'contact', 'incident', 'email', 'lead', 'annotation', 'accountleads'].map(golden);
const typeOf = ({ AttributeTypeName }: AttributeFacts) => AttributeTypeName.Value.replace(/Type$/, '');
/** Attributes with a column of their own: seen by the Web API, or named by a lookup, or a list of parties. */
const stored = ({ attributes }: (typeof goldens)[number]) => {
  const byName = new Map(attributes.map((attribute) => [attribute.LogicalName, attribute]));
  return attributes.filter((attribute) => {
    if (/^(Virtual|Image|File|ManagedProperty|CalendarRules)$/.test(typeOf(attribute))) return false;
    if (typeOf(attribute) === 'PartyList') return true;
    const owner = byName.get(attribute.AttributeOf ?? '');
    const isOfLookup = owner !== undefined && /^(Lookup|Customer|Owner)$/.test(typeOf(owner));
    const isNamed = isOfLookup && /^(String|EntityName)$/.test(typeOf(attribute));
    return attribute.IsValidForRead && (attribute.IsValidODataAttribute || isNamed);
  });
};
const eachStored = (types: RegExp) =>
  goldens.flatMap((table) =>
    stored(table)
      .filter((attribute) => types.test(typeOf(attribute)))
      .map((attribute) => ({ ...table, attribute, column: attribute.LogicalName })),
  );

describe.each(goldens)('table $name', ({ name, table, types }) => {
  it('has the shape that was reviewed', async () => {
    const lines = [...firstColumns, ...table.columns].map((column) =>
      [column.name, sqlServerType(column.type), postgresType(column.type), column.source ?? '-'].join(' | '),
    );
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`golden/${name}.txt`);
  });

  it('has Id and the Sink columns first, and the clustered key EPK[dbo].[table] on Id', () => {
    const statement = createTable(dbo, table);
    expect(statement).toContain(
      `CREATE TABLE [dbo].[${name}] ([Id] uniqueidentifier NOT NULL, [SinkCreatedOn] datetime NULL, [SinkModifiedOn] datetime NULL,`,
    );
    expect(statement).toContain(`CONSTRAINT "EPK[dbo].[${name}]" PRIMARY KEY CLUSTERED ([Id])`);
  });

  it('lets every column but Id be null', () => {
    const columns = createTable(dbo, table)
      .split('\n')
      .slice(1)
      .join('')
      .split(/, (?=\[|CONSTRAINT)/)
      .slice(0, -1);
    expect(columns).toHaveLength(table.columns.length);
    expect(columns.filter((column) => !column.endsWith(' NULL') || column.endsWith('NOT NULL'))).toEqual([]);
  });

  it('has its own key as an ordinary column, and versionnumber bigint', () => {
    expect(types.get(table.idSource)).toBe('uniqueidentifier');
    expect(types.get('versionnumber')).toBe('bigint');
  });

  it('has the sections in their order: state, status, option sets, booleans, lookups, parties, money, the rest', () => {
    const one = golden(name);
    const byName = new Map(one.attributes.map((attribute) => [attribute.LogicalName, typeOf(attribute)]));
    const order = ['State', 'Status', 'Picklist', 'Boolean', 'Lookup', 'PartyList', 'Money', 'rest'];
    const sectionOf = (column: string) => {
      const type = byName.get(column.replace(/_entitytype$/, '')) ?? 'rest';
      const section = type.replace('MultiSelectPicklist', 'Picklist').replace(/Customer|Owner/, 'Lookup');
      return order.includes(section) ? order.indexOf(section) : order.length - 1;
    };
    const sections = table.columns.map((column) => sectionOf(column.name));
    expect(sections).toEqual([...sections].sort((a, b) => a - b));
  });

  it('has each column once, and none that no attribute stands for', () => {
    const known = new Set(
      stored(golden(name)).flatMap(({ LogicalName }) => [LogicalName, `${LogicalName}_entitytype`]),
    );
    expect(new Set(types.keys()).size).toBe(table.columns.length);
    expect([...types.keys()].filter((column) => !known.has(column) && column !== 'versionnumber')).toEqual(
      [],
    );
  });
});

describe('every column of the golden tables', () => {
  test.each<[RegExp, string | ((attribute: AttributeFacts) => string)]>([
    [/^Uniqueidentifier$/, 'uniqueidentifier'],
    [/^(Lookup|Customer|Owner|PartyList)$/, 'uniqueidentifier'],
    [/^(Picklist|State|Status|Integer)$/, 'int'],
    [/^Boolean$/, 'bit'],
    [/^(MultiSelectPicklist|EntityName)$/, 'nvarchar(4000)'],
    [/^String$/, ({ MaxLength = 0 }) => `nvarchar(${MaxLength > 4000 ? 'max' : MaxLength})`],
    [/^Memo$/, 'nvarchar(max)'],
    [/^BigInt$/, 'bigint'],
    [/^(Decimal|Double|Money)$/, ({ Precision }) => `decimal(38,${Precision})`],
    [/^DateTime$/, 'datetime'],
  ])('of type %s has the type of the old service', (types, expected) => {
    const all = eachStored(types);
    expect(all.length).toBeGreaterThan(0);
    for (const { name, attribute, column, types: made } of all)
      expect(made.get(column), `${name}.${column}`).toBe(
        typeof expected === 'string' ? expected : expected(attribute),
      );
  });

  it('of a lookup has a type column beside it, directly after it; no other has one', () => {
    for (const { name, table } of goldens) {
      const names = table.columns.map((column) => column.name);
      const lookups = new Set(
        eachStored(/^(Lookup|Customer|Owner)$/)
          .filter((each) => each.name === name)
          .map(({ column }) => column),
      );
      for (const lookup of lookups)
        expect(names[names.indexOf(lookup) + 1], `${name}.${lookup}`).toBe(`${lookup}_entitytype`);
      expect(names.filter((each) => each.endsWith('_entitytype'))).toHaveLength(lookups.size);
      for (const column of table.columns)
        if (column.name.endsWith('_entitytype')) expect(sqlServerType(column.type)).toBe('nvarchar(128)');
    }
  });

  it('that holds the name of a lookup is filled from the formatted value, and cut to its length', () => {
    const account = goldens[0]?.table.columns ?? [];
    for (const column of ['owneridname', 'owneridyominame', 'primarycontactidname'])
      expect(account.find(({ name }) => name === column)).toMatchObject({
        source: expect.stringMatching(/^_\w+_value@OData\.Community\.Display\.V1\.FormattedValue$/),
        isCut: true,
      });
  });

  it('is none for the label of an option or a boolean, and none for other virtual attributes', () => {
    for (const { attributes, types } of goldens)
      for (const attribute of attributes)
        if (typeOf(attribute) === 'Virtual') expect(types.has(attribute.LogicalName)).toBe(false);
  });

  it('of an image are its id, timestamp and url, and not the picture', () => {
    const { types } = golden('account');
    expect(types.get('entityimageid')).toBe('uniqueidentifier');
    expect(types.get('entityimage_timestamp')).toBe('bigint');
    expect(types.get('entityimage_url')).toBe('nvarchar(200)');
    expect(types.has('entityimage')).toBe(false);
  });

  it("of a note's file exists and stays empty", () => {
    const column = golden('annotation').table.columns.find(({ name }) => name === 'documentbody');
    expect(column).toEqual({ name: 'documentbody', type: { kind: 'text' } });
  });

  it('of an intersect table is a plain guid where it names a row', () => {
    const { types } = golden('accountleads');
    for (const column of ['accountid', 'leadid', 'accountleadid'])
      expect(types.get(column)).toBe('uniqueidentifier');
    expect(types.get('name')).toBe('nvarchar(100)');
    expect([...types.keys()].some((column) => column.endsWith('_entitytype'))).toBe(false);
  });
});

it('the table of deletes is that of the old service', () => {
  expect(createSystemTable(dbo, 'deleteLog').replace(/\s+/g, ' ')).toBe(
    'CREATE TABLE [dbo].[DeleteLog] ([Id] bigint IDENTITY(1,1) NOT NULL PRIMARY KEY CLUSTERED, [EntityName] nvarchar(64) NOT NULL, [RecordId] nvarchar(64) NOT NULL, [SinkDeleteTime] datetime NOT NULL, [VersionNumber] bigint NOT NULL)',
  );
});
