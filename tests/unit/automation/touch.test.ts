import { describe, expect, it } from 'vitest';
import { chooseTouchColumn } from '../../../shared/automation/choose-touch-column.ts';
import { touchOf } from '../../../shared/automation/touch-row.ts';
import type { Attribute, AttributeType } from '../../../shared/model/table-schema.ts';
import { attribute as column, smallTable } from '../../fakes/fake-dataverse.ts';

const choose = (...attributes: Attribute[]) => chooseTouchColumn(attributes)?.logicalName;

describe('the column that a re-touch writes', () => {
  it('is one that nobody watches, before the primary name, before any other', () => {
    const sequence = column('importsequencenumber', 'Integer');
    const zone = column('utcconversiontimezonecode', 'Integer');
    const name = column('subject', 'String', { isPrimaryName: true });
    const other = column('address', 'String');
    expect(choose(other, name, zone, sequence)).toBe('importsequencenumber');
    expect(choose(other, name, zone)).toBe('utcconversiontimezonecode');
    expect(choose(other, name)).toBe('subject');
    expect(choose(other)).toBe('address');
  });

  it('is the same in whatever order the columns come', () => {
    const columns = ['c', 'a', 'b'].map((name) => column(name, 'String'));
    expect(choose(...columns)).toBe('a');
    expect(choose(...columns.toReversed())).toBe('a');
  });

  it.each<[string, AttributeType, Partial<Attribute>]>([
    ['state', 'State', {}],
    ['status', 'Status', {}],
    ['owner', 'Owner', {}],
    ['lookup', 'Lookup', {}],
    ['customer', 'Customer', {}],
    ['guid', 'Uniqueidentifier', {}],
    ['money, which is computed again', 'Money', {}],
    ['read-only column', 'String', { isValidForUpdate: false }],
    ['unreadable column', 'String', { isValidForRead: false }],
    ['column that the Web API does not show', 'String', { isValidODataAttribute: false }],
    ['logical column', 'String', { isLogical: true }],
    ['calculated column', 'Integer', { isCalculated: true }],
    ['part of another column', 'String', { attributeOf: 'entityimageid' }],
    ['key', 'String', { isPrimaryId: true }],
  ])('is never a %s', (_what, type, more) => {
    expect(choose(column('a', type, more))).toBeUndefined();
  });
});

describe('touching rows of a table', () => {
  it('reads no more than the column and the version', () => {
    const touch = touchOf(smallTable('account'));
    expect(touch).toMatchObject({ query: { columns: ['importsequencenumber', 'versionnumber'] } });
  });

  it('is refused in a sentence where no write can be guarded or is harmless', () => {
    const table = smallTable('account');
    expect(touchOf({ ...table, hasOptimisticConcurrency: false })).toMatch(/cannot be guarded/);
    expect(touchOf({ ...table, attributes: [] })).toMatch(/no column that can be written/);
  });
});
