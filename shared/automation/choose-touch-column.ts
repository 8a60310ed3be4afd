import type { Attribute } from '../model/table-schema.ts';

const types = new Set(['Integer', 'String', 'Boolean', 'Picklist']);
/** Set by imports and never watched by anybody; their value is mostly null, and null over null is an identical value. */
const preferred = ['importsequencenumber', 'utcconversiontimezonecode', 'timezoneruleversionnumber'];

/**
 * The column whose identical value is written to touch a row: one without side effects, so no key, lookup, owner, state or
 * status, and nothing computed. The same table always gives the same column; undefined when it has none.
 */
export function chooseTouchColumn(attributes: readonly Attribute[]): Attribute | undefined {
  const rank = ({ logicalName, isPrimaryName }: Attribute) => {
    const place = preferred.indexOf(logicalName);
    return place >= 0 ? place : preferred.length + (isPrimaryName ? 0 : 1);
  };
  return attributes
    .filter(isHarmless)
    .toSorted((a, b) => rank(a) - rank(b) || (a.logicalName < b.logicalName ? -1 : 1))[0];
}

function isHarmless(attribute: Attribute): boolean {
  return (
    types.has(attribute.type) &&
    attribute.isValidForUpdate &&
    attribute.isValidForRead &&
    attribute.isValidODataAttribute &&
    !attribute.isPrimaryId &&
    !attribute.isLogical &&
    !attribute.isCalculated &&
    attribute.attributeOf === undefined
  );
}
