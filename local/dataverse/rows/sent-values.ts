import { badPayload, badQuery, DataverseError, errorCodes, rowNotFound } from '../errors.ts';
import type { Organization } from '../organization.ts';
import { type Column, isLookup, type Table } from '../schema/table.ts';
import { isGuid, sortKey } from '../store/guid-order.ts';
import { lookupTableProperty, type RowValues } from '../store/row-text.ts';
import { columnValue, isWritable, parseBody } from './column-values.ts';

/** Reads the body of a create or update into stored values; refuses what the Web API refuses, before anything is written. */
export function sentValues(
  organization: Organization,
  table: Table,
  body: string,
  isCreate: boolean,
): RowValues {
  const { byProperty } = organization.schema.shape(table);
  const values: RowValues = new Map();
  for (const [name, value] of Object.entries(parseBody(body, table.set))) {
    if (name.endsWith('@odata.bind')) {
      bind(organization, table, name.slice(0, -'@odata.bind'.length), value, values);
      continue;
    }
    if (name.includes('@')) continue;
    const column = byProperty.get(name);
    if (column && isLookup(column))
      throw badQuery(
        'CRM do not support direct update of Entity Reference properties, Use Navigation properties instead.',
      );
    if (!column?.isValidOData || column.type === 'virtual' || column.type === 'partylist')
      throw badPayload(
        table.set,
        `The property '${name}' does not exist on type 'Microsoft.Dynamics.CRM.${table.name}'. Make sure to only use property names that are defined by the type.`,
      );
    // As the real service does: values for read-only columns are ignored, so a row that was read can be sent back.
    if (!isWritable(column, isCreate)) continue;
    values.set(column.property, columnValue(table, column, value));
  }
  return values;
}

function bind(
  organization: Organization,
  table: Table,
  navigation: string,
  value: unknown,
  values: RowValues,
): void {
  const column = navigationColumn(organization, table, navigation);
  if (!column)
    throw badPayload(
      table.set,
      `An undeclared property '${navigation}' which only has property annotations in the payload but no property value was found in the payload.`,
    );
  if (value === null) {
    values.set(column.property, 'null');
    return;
  }
  const [, set = '', id = ''] = /(?:^|\/)([A-Za-z_]\w*)\(([^()]*)\)$/.exec(String(value)) ?? [];
  const target = organization.schema.bySet.get(set);
  if (!target || !isGuid(id))
    throw new DataverseError(400, errorCodes.invalidArgument, 'Invalid value of @odata.bind.');
  if (!column.targets.includes(target.name))
    throw badPayload(table.set, `The entity '${target.name}' is not a target of '${column.name}'.`);
  if (!organization.store.get(target.name, sortKey(id))) throw rowNotFound(target.name, id);
  if (column.targets.length > 1)
    values.set(lookupTableProperty(column.property), JSON.stringify(target.name));
  values.set(column.property, `"${id.toLowerCase()}"`);
}

/** `primarycontactid`, and for lookups of several tables also `parentcustomerid_account`. */
function navigationColumn({ schema }: Organization, table: Table, navigation: string): Column | undefined {
  const name = navigation.toLowerCase();
  const { byName } = schema.shape(table);
  const direct = byName.get(name);
  if (direct && isLookup(direct)) return direct;
  const short = byName.get(name.slice(0, name.lastIndexOf('_')));
  return short && isLookup(short) ? short : undefined;
}
