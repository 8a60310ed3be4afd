import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Destination } from '../../shared/ports/destination.ts';
import { destinationTable } from '../../shared/schema/destination-table.ts';
import { rowQuery } from '../../shared/schema/row-query.ts';
import { webApiServer } from '../adapters/web-api-server.ts';
import { type DestinationUnderTest, readAt } from './destination-start.ts';

/** What a database cannot hold exactly, and what it holds instead. */
export interface ValueRules {
  text(sent: string): string;
  /** Of `2024-02-29T13:05:09.123456Z`, with as many digits of a second as were sent. */
  datetime(sent: string): string | null;
  /** Digits of a decimal number. */
  readonly decimalDigits: number;
}

/** A value as raw JSON, and what the destination must show of it; undefined: there is no such column. */
interface Sent {
  readonly json: string;
  readonly expected: string | null | undefined;
}

/** One attribute with the members that its values have in rows, and the columns that they fill. */
interface Attribute {
  readonly metadata: (name: string) => object;
  /** Members of a row's JSON by their ending after the name, and columns likewise. */
  readonly row: fc.Arbitrary<readonly { member: string; column: string; sent: Sent }[]>;
}

const longMemo = 1_048_576;
const nothing: Sent = { json: 'null', expected: null };
const guid = fc
  .uuid()
  .chain((id) =>
    fc.constantFrom(id, id.toUpperCase()).map((sent): Sent => ({ json: `"${sent}"`, expected: id })),
  );

function textOf(rules: ValueRules, mostCharacters: number): fc.Arbitrary<Sent> {
  const unit = fc.oneof(
    fc.nat(0xffff).map((code) => String.fromCharCode(code)),
    fc.constantFrom(...'\0\ud800\udc00 \r\n\t\\\'"\u2028\u0130ß', '😀'),
  );
  const text = fc.tuple(fc.array(unit, { maxLength: 60 }), fc.constantFrom('short', 'short', 'full'));
  // Counted in UTF-16, as SQL Server does; PostgreSQL counts fewer.
  return text
    .map(([units, length]) => {
      const some = units.join('').slice(0, mostCharacters);
      return length === 'full' ? some.padEnd(Math.min(mostCharacters, longMemo), 'é') : some;
    })
    .map((sent) => ({ json: JSON.stringify(sent), expected: rules.text(sent) }));
}

/** A number with this many digits at most, in one of the notations of JSON. */
function decimalOf(digits: number, scale: number): fc.Arbitrary<Sent> {
  const limit = 10n ** BigInt(digits);
  return fc
    .tuple(fc.bigInt({ min: -limit + 1n, max: limit - 1n }), fc.constantFrom('plain', 'short', 'exponent'))
    .map(([unscaled, notation]) => {
      const sign = unscaled < 0n ? '-' : '';
      const all = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
      const whole = all.slice(0, all.length - scale);
      const part = all.slice(all.length - scale);
      const plain = scale === 0 ? whole : `${whole}.${part}`;
      const short = part.replace(/0+$/, '') === '' ? whole : `${whole}.${part.replace(/0+$/, '')}`;
      const json = { plain, short, exponent: `${BigInt(all)}E-${scale}` }[notation] ?? plain;
      return { json: sign + json, expected: (unscaled === 0n ? '' : sign) + short };
    });
}

function datetimeOf(rules: ValueRules): fc.Arbitrary<Sent> {
  const moment = fc.oneof(
    fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    }),
    fc
      .constantFrom(
        '0001-01-01',
        '1752-12-31T23:59:59.999Z',
        '1753-01-01',
        '1900-02-28',
        '9999-12-31T23:59:59.999Z',
      )
      .map((text) => new Date(text)),
  );
  return fc.tuple(moment, fc.constantFrom('date', 'seconds', 'milliseconds')).map(([date, form]) => {
    const iso = date.toISOString();
    if (form === 'date')
      return { json: `"${iso.slice(0, 10)}"`, expected: rules.datetime(`${iso.slice(0, 10)}T00:00:00Z`) };
    const sent = form === 'seconds' ? `${iso.slice(0, 19)}Z` : iso;
    return { json: `"${sent}"`, expected: rules.datetime(sent) };
  });
}

const maybe = (sent: fc.Arbitrary<Sent>) =>
  fc.oneof({ weight: 1, arbitrary: fc.constant(nothing) }, { weight: 4, arbitrary: sent });
const integer = (min: bigint, max: bigint) =>
  fc
    .oneof(fc.constantFrom(min, max, 0n), fc.bigInt({ min, max }))
    .map((value): Sent => ({ json: `${value}`, expected: `${value}` }));
const facts =
  (type: string, more: object = {}) =>
  (name: string) => ({
    LogicalName: name,
    AttributeType: type,
    AttributeTypeName: { Value: `${type}Type` },
    IsValidForRead: true,
    ...more,
  });
const ofOneColumn = (sent: Sent) => [{ member: '{}', column: '{}', sent }];
const plain = (metadata: Attribute['metadata'], sent: fc.Arbitrary<Sent>): Attribute => ({
  metadata,
  row: maybe(sent).map(ofOneColumn),
});

function lookup(type: 'Lookup' | 'Customer' | 'Owner', rules: ValueRules): Attribute {
  const present = fc.tuple(guid, textOf(rules, 40)).map(([id]) => [
    { member: '_{}_value', column: '{}', sent: id },
    {
      member: '_{}_value@Microsoft.Dynamics.CRM.lookuplogicalname',
      column: '{}_entitytype',
      sent: { json: '"contact"', expected: 'contact' },
    },
  ]);
  const absent = [
    { member: '_{}_value', column: '{}', sent: nothing },
    { member: '', column: '{}_entitytype', sent: nothing },
  ];
  return { metadata: facts(type), row: fc.oneof(fc.constant(absent), present) };
}

function attributeOf(rules: ValueRules): fc.Arbitrary<Attribute> {
  const maxLength = fc.oneof(
    fc.integer({ min: 1, max: 4000 }),
    fc.constantFrom(1, 100, 4000, 4001, 1_073_741_823),
  );
  const precision = fc.integer({ min: 0, max: 10 });
  const options = fc.uniqueArray(fc.integer({ min: 0, max: 999_999_999 }), { minLength: 1, maxLength: 50 });
  const noColumn = { json: '{"Value":true,"CanBeChanged":false}', expected: undefined };
  return fc.oneof(
    fc.constantFrom(...(['Lookup', 'Customer', 'Owner'] as const)).map((type) => lookup(type, rules)),
    maxLength.map((length) => plain(facts('String', { MaxLength: length }), textOf(rules, length))),
    fc.constant(plain(facts('Memo', { MaxLength: longMemo }), textOf(rules, longMemo))),
    fc.constant(plain(facts('EntityName'), textOf(rules, 60))),
    fc.constant(
      plain(
        facts('MultiSelectPicklist'),
        options.map((values) => ({ json: `"${values}"`, expected: `${values}` })),
      ),
    ),
    fc
      .constantFrom('Decimal', 'Double', 'Money')
      .chain((type) =>
        precision.map((scale) =>
          plain(facts(type, { Precision: scale }), decimalOf(rules.decimalDigits, scale)),
        ),
      ),
    fc
      .constantFrom('Picklist', 'State', 'Status', 'Integer')
      .map((type) => plain(facts(type), integer(-(2n ** 31n), 2n ** 31n - 1n))),
    fc.constant(plain(facts('BigInt'), integer(-(2n ** 63n), 2n ** 63n - 1n))),
    fc.constant(
      plain(
        facts('Boolean'),
        fc.boolean().map((value) => ({ json: `${value}`, expected: `${value}` })),
      ),
    ),
    fc.constant(plain(facts('DateTime'), datetimeOf(rules))),
    fc.constant(plain(facts('Uniqueidentifier'), guid)),
    fc.constant(plain(facts('PartyList'), fc.constant(nothing))),
    fc
      .constantFrom('ManagedProperty', 'Image', 'File', 'CalendarRules', 'Virtual')
      .map((type) => ({ metadata: facts(type), row: fc.constant(ofOneColumn(noColumn)) })),
  );
}

type Fields = readonly { readonly member: string; readonly column: string; readonly sent: Sent }[];

/** Attributes `a0`, `a1`, … and rows of them, each by its fields. */
const tableAndRows = (rules: ValueRules) =>
  fc.array(attributeOf(rules), { minLength: 1, maxLength: 25 }).chain((attributes) =>
    fc.record({
      attributes: fc.constant(attributes),
      rows: fc.uniqueArray(
        fc.record({
          id: fc.uuid(),
          fields: fc.tuple(...attributes.map(({ row }) => row)).map((lists) =>
            lists.flatMap((list, index) =>
              list.map(({ member, column, sent }) => ({
                member: member.replace('{}', `a${index}`),
                column: column.replace('{}', `a${index}`),
                sent,
              })),
            ),
          ),
        }),
        { minLength: 1, maxLength: 6, selector: ({ id }) => id },
      ),
    }),
  );

const rowJson = (id: string, version: number, fields: Fields) =>
  `{"@odata.etag":"W/\\"${version}\\"","sampleid":"${id}","versionnumber":${version}${fields
    .filter(({ member }) => member !== '')
    .map(({ member, sent }) => `,"${member}":${sent.json}`)
    .join('')}}`;

/** Any table with any rows, sent as a Web API sends them: the destination has every value to the last digit and character. */
export function itKeepsEveryValue(
  make: () => Promise<DestinationUnderTest>,
  rules: ValueRules,
  runs: number,
): void {
  it('keeps every value of every type to the last digit and character', async () => {
    const under = await make();
    await under.destination.ensureSystemTables({ hasDeleteLog: true });
    let number = 0;
    await fc.assert(
      fc.asyncProperty(tableAndRows(rules), async ({ attributes, rows }) => {
        number += 1;
        const table = `sample${number}`;
        const definition = {
          LogicalName: table,
          EntitySetName: `${table}s`,
          PrimaryIdAttribute: 'sampleid',
          ChangeTrackingEnabled: true,
          Attributes: [
            facts('Uniqueidentifier', { IsPrimaryId: true })('sampleid'),
            facts('BigInt')('versionnumber'),
            ...attributes.map(({ metadata }, index) => metadata(`a${index}`)),
          ],
        };
        const value = rows.map(({ id, fields }, index) => rowJson(id, index + 1, fields));
        await using server = await webApiServer(({ url = '' }) => ({
          body: url.includes('EntityDefinitions')
            ? definition
            : `{"@odata.deltaLink":"http://x/${table}s?$deltatoken=1","value":[${value}]}`,
        }));
        await replicate(server.dataverse, under.destination, table);
        const stored = new Map((await under.rows(table)).map((row) => [row.Id, row]));
        expect(stored.size).toBe(rows.length);
        for (const { id, fields } of rows)
          for (const { column, sent } of fields)
            expect([column, sent.json, stored.get(id)?.[column]]).toEqual([column, sent.json, sent.expected]);
      }),
      { numRuns: runs },
    );
    await under.destination.close();
  });
}

async function replicate(
  dataverse: Awaited<ReturnType<typeof webApiServer>>['dataverse'],
  destination: Destination,
  table: string,
): Promise<void> {
  const definition = await dataverse.tableDefinition(table);
  const target = destinationTable(definition);
  await destination.ensureTable(target);
  const { checkpoint: turn } = await destination.claim(table, {
    profileId: crypto.randomUUID(),
    activation: 1,
  });
  const { rows } = await dataverse.readPage({ kind: 'tracked-rows', query: rowQuery(definition) });
  const { rejected } = await destination.writePage({
    ...{ table: target, turn, advance: {}, rows, deletedIds: [], mode: 'newer', readAt },
    ...{ isDeleteLogged: true, nextAttemptAt: readAt },
  });
  expect(rejected).toEqual([]);
}
