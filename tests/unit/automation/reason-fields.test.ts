import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { fieldsOf } from '../../../shared/automation/reason-fields.ts';

const ourRow = (wrong: string) =>
  `Cannot write row "00000000-0000-4000-8000-000000000001" of table "account": ${wrong}.`;

describe('what a reason blames', () => {
  it.each([
    // The old service.
    [
      'String length in source longer than destination schema for [name, 160]',
      { column: 'name', length: 160 },
    ],
    ['String length in source longer than destination schema for [ColumnName, MaxDataLength]', {}],
    ["There is already an object named 'hatest201_lead' in the database.", { object: 'hatest201_lead' }],
    ["The database 'tempdb' has reached its size quota. Partition or delete data.", { object: 'tempdb' }],
    // SQL Server.
    ["Invalid object name 'dbo.account'.", { object: 'dbo.account' }],
    ["Invalid column name 'new_size'.", { column: 'new_size' }],
    ["Could not find stored procedure 'dbo.merge_account'.", { object: 'dbo.merge_account' }],
    ['String or binary data would be truncated.', {}],
    [
      "String or binary data would be truncated in table 'x.dbo.account', column 'name'. Truncated value: 'secret'.",
      { object: 'x.dbo.account', column: 'name' },
    ],
    [
      "Cannot insert the value NULL into column 'name', table 'x.dbo.account'; column does not allow nulls.",
      { column: 'name', object: 'x.dbo.account' },
    ],
    [
      'The MERGE statement conflicted with the FOREIGN KEY SAME TABLE constraint "FK_parent". The conflict occurred in database "x", table "dbo.account", column \'Id\'.',
      { constraint: 'FK_parent', object: 'dbo.account', column: 'Id' },
    ],
    ['The INSERT statement conflicted with the CHECK constraint "positive".', { constraint: 'positive' }],
    [
      "Cannot insert duplicate key row in object 'dbo.account' with unique index 'IX_name'. The duplicate key value is (secret).",
      { object: 'dbo.account', constraint: 'IX_name' },
    ],
    [
      "Violation of PRIMARY KEY constraint 'EPK[dbo].[account]'. Cannot insert duplicate key in object 'dbo.account'. The duplicate key value is (secret).",
      { object: 'dbo.account', constraint: 'EPK[dbo].[account]' },
    ],
    [
      'Cannot create a row of size 8061 which is greater than the allowable maximum row size of 8060',
      { length: 8060 },
    ],
    [
      "Creating or altering table 'account' failed because the minimum row size would be 8070, including 7 bytes of internal overhead. This exceeds the maximum allowable table row size of 8060 bytes.",
      { object: 'account', length: 8060 },
    ],
    [
      "The INSERT permission was denied on the object 'account', database 'x', schema 'dbo'.",
      { object: 'account' },
    ],
    [
      "The UPDATE permission was denied on the column 'name' of the object 'account', database 'x', schema 'dbo'.",
      { object: 'account', column: 'name' },
    ],
    ["CREATE TABLE permission denied in database 'x'.", { object: 'x' }],
    ['Cannot open database "x" requested by the login. The login failed.', { object: 'x' }],
    ["Login failed for user 'exporter'.", {}],
    ["Database 'x' on server 'y' is not currently available.", { object: 'x' }],
    [
      "Conversion failed when converting the nvarchar value 'Invalid object name 'secret'' to data type int.",
      {},
    ],
    // PostgreSQL.
    ['value too long for type character varying(160)', { length: 160 }],
    [
      'new row for relation "account" violates check constraint "positive"\nDETAIL: Failing row contains (secret).',
      { object: 'account', constraint: 'positive' },
    ],
    [
      'insert or update on table "account" violates foreign key constraint "parent"',
      { object: 'account', constraint: 'parent' },
    ],
    [
      'duplicate key value violates unique constraint "name_key"\nDETAIL: Key (name)=(secret) already exists.',
      { constraint: 'name_key' },
    ],
    [
      'null value in column "name" of relation "account" violates not-null constraint',
      { column: 'name', object: 'account' },
    ],
    ['null value in column "name" violates not-null constraint', { column: 'name' }],
    ['relation "dbo.account" does not exist', { object: 'dbo.account' }],
    ['column "name" of relation "account" does not exist', { column: 'name', object: 'account' }],
    ['column "name" does not exist', { column: 'name' }],
    ['column a.name does not exist', { column: 'a.name' }],
    ['schema "dbo" does not exist', { object: 'dbo' }],
    ['database "reporting" does not exist', { object: 'reporting' }],
    ['relation "account" already exists', { object: 'account' }],
    ['permission denied for table account', { object: 'account' }],
    ['permission denied for relation "account"', { object: 'account' }],
    ['permission denied for schema dbo.', { object: 'dbo' }],
    ['must be owner of table account', { object: 'account' }],
    ['row is too big: size 8168, maximum size 8160', { length: 8160 }],
    [
      'index row size 2712 exceeds btree version 4 maximum 2704 for index "IX"',
      { object: 'IX', length: 2704 },
    ],
    // Our own exporter: the table of a refused row is a place and not to blame.
    [ourRow('column "name" holds at most 160 characters, received 212'), { column: 'name', length: 160 }],
    [ourRow('constraint "positive" refused it (23514)'), { constraint: 'positive' }],
    [ourRow('column "name" must not be null (23502)'), { column: 'name' }],
    [ourRow('column "x" received a whole number out of range; expected 32 bits'), { column: 'x' }],
    [ourRow('a text is longer than its column (22001)'), {}],
    ['Cannot write column "x": received a string that is not a guid.', { column: 'x' }],
    ['Cannot use table "s_contact": a view has its name.', { object: 's_contact' }],
    [
      'Cannot write a page of table "account": a table does not exist (42P01). Nothing: it is made.',
      { object: 'account' },
    ],
    ['Cannot write a page of table "account": the disk is full (53100).', {}],
    ['Cannot stage rows: login "poor" lacks TEMP on database "reporting".', { object: 'reporting' }],
    ['Cannot make tables in schema "dbo": login "poor" lacks CREATE on it.', { object: 'dbo' }],
    [`Invalid object name '${'x'.repeat(129)}'.`, {}],
    ['', {}],
  ])('by "%s"', (reason, fields) => {
    expect(fieldsOf(reason)).toEqual(fields);
  });

  it('is found in linear time', () => {
    const pieces = ['column "', 'maximum ', 'relation "x" ', 'lacks a', '"', "constraint '", "value '"];
    for (const piece of pieces) {
      const before = performance.now();
      fieldsOf(`Cannot ${piece.repeat(500_000)}`);
      expect(performance.now() - before).toBeLessThan(1000);
    }
  });
});

const valuesOfRows: readonly ((value: string) => string)[] = [
  (value) =>
    `String or binary data would be truncated in table 'account', column 'name'. Truncated value: '${value}'.`,
  (value) =>
    `Cannot insert duplicate key row in object 'dbo.account' with unique index 'IX'. The duplicate key value is (${value}).`,
  (value) => `new row violates check constraint "c"\nDETAIL: Failing row contains (1, ${value}).`,
  (value) => `duplicate key value violates unique constraint "c" Key (name)=(${value}) already exists.`,
  (value) => `Conversion failed when converting the nvarchar value '${value}' to data type int.`,
  (value) => `invalid input syntax for type integer: "${value}"`,
  (value) => `date/time field value out of range: "${value}"`,
];

test('no value of a row is among it, whatever the value looks like', () => {
  const anyValue = fc
    .tuple(
      fc.constantFrom('', "'", '"', '). ', "Invalid object name '", 'column "', 'for [', 'relation "a" '),
      fc.constantFrom('', "'", '"', ', 5]', '" holds at most 5 characters', '" does not exist', "', 'x'"),
    )
    .map(([before, after]) => `${before}SECRET${after}`);
  fc.assert(
    fc.property(fc.constantFrom(...valuesOfRows), anyValue, (reasonOf, value) => {
      expect(JSON.stringify(fieldsOf(reasonOf(value)))).not.toContain('SECRET');
    }),
    { numRuns: 500 },
  );
});
