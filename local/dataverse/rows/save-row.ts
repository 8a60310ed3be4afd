import { contoso, type Organization } from '../organization.ts';
import type { Column, Table } from '../schema/table.ts';
import { guidOf, sortKey } from '../store/guid-order.ts';
import { formatRow, lookupTableProperty, parseRow, type RowValues } from '../store/row-text.ts';
import { wholeSeconds } from './column-values.ts';

const decimalScale = 10n ** 12n;

/**
 * Stores a new row: what the client sent, what the platform adds (owner, times, defaults, state) and a new version.
 * The caller has checked the values and that the id is free.
 */
export function insertRow(organization: Organization, table: Table, sent: RowValues, userId: string): string {
  const { byName } = organization.schema.shape(table);
  const now = `"${wholeSeconds(new Date())}"`;
  const values: RowValues = new Map();
  const put = (name: string, raw: string) => {
    const column = byName.get(name);
    if (column?.canRead && !values.has(column.property)) values.set(column.property, raw);
  };
  for (const [property, raw] of sent) if (raw !== 'null') values.set(property, raw);
  for (const column of byName.values())
    if (column.defaultValue !== undefined && column.options && column.name !== 'statuscode')
      put(
        column.name,
        column.type === 'boolean' ? String(column.defaultValue === 1) : String(column.defaultValue),
      );
    else if (column.type === 'boolean' && column.isValidOData) put(column.name, 'false');
  put('statecode', '0');
  put('statuscode', defaultStatus(byName, values));
  put('createdon', values.get('overriddencreatedon') ?? now);
  put('createdby', `"${userId}"`);
  put('owningbusinessunit', `"${contoso.businessUnitId}"`);
  if (byName.has('ownerid') && !values.has('_ownerid_value')) {
    values.set('_ownerid_value', `"${userId}"`);
    values.set(lookupTableProperty('_ownerid_value'), '"systemuser"');
  }
  const hasMoney = [...byName.values()].some(
    (column) => column.type === 'money' && values.has(column.property),
  );
  if (hasMoney) put('transactioncurrencyid', `"${contoso.currencyId}"`);
  return store(organization, table, values, userId, now);
}

/** Writes changed values into a stored row and gives it a new version (or the given one), also when nothing differs (see the switch). */
export function updateRow(
  organization: Organization,
  table: Table,
  key: string,
  sent: RowValues,
  userId: string,
  version?: number,
): void {
  const row = organization.store.get(table.name, key);
  if (!row) return;
  const values = parseRow(row.text);
  const isNoOp = [...sent].every(([property, raw]) => (values.get(property) ?? 'null') === raw);
  if (isNoOp && !organization.switches.noOpPatchBumpsVersion) return;
  for (const [property, raw] of sent)
    if (raw === 'null') values.delete(property);
    else values.set(property, raw);
  if (sent.has('statecode') && !sent.has('statuscode'))
    values.set('statuscode', defaultStatus(organization.schema.shape(table).byName, values));
  store(organization, table, values, userId, `"${wholeSeconds(new Date())}"`, version);
}

export function deleteRow(organization: Organization, table: Table, key: string): void {
  organization.store.remove(table.name, key, wholeSeconds(new Date()));
  organization.names.forget(table.name, guidOf(key));
}

function store(
  organization: Organization,
  table: Table,
  values: RowValues,
  userId: string,
  now: string,
  version = organization.store.nextVersion(),
): string {
  const { byName } = organization.schema.shape(table);
  const id = values.get(table.id)?.slice(1, -1) ?? '';
  if (byName.has('modifiedon')) values.set('modifiedon', now);
  if (byName.has('modifiedby')) values.set('_modifiedby_value', `"${userId}"`);
  computeColumns(byName, values);
  if (byName.has('versionnumber')) values.set('versionnumber', String(version));
  organization.store.put(table.name, { key: sortKey(id), version, text: formatRow(values) });
  organization.names.forget(table.name, id);
  return id;
}

/** What the platform computes from other columns of the row: full name, owning user or team, money in base currency. */
function computeColumns(byName: Map<string, Column>, values: RowValues): void {
  if (byName.has('fullname')) {
    const parts = ['firstname', 'lastname'].flatMap((name) => {
      const raw = values.get(name);
      return raw === undefined ? [] : [String(JSON.parse(raw))];
    });
    set(values, 'fullname', parts.length > 0 ? JSON.stringify(parts.join(' ')) : undefined);
  }
  const owner = values.get('_ownerid_value');
  if (owner !== undefined && byName.has('owninguser')) {
    const isTeam = values.get(lookupTableProperty('_ownerid_value')) === '"team"';
    set(values, '_owninguser_value', isTeam ? undefined : owner);
    set(values, '_owningteam_value', isTeam ? owner : undefined);
  }
  const moneyColumns = [...byName.values()].filter((column) => column.baseOf !== undefined);
  if (moneyColumns.some((column) => values.has(column.baseOf ?? ''))) {
    const places = byName.get('exchangerate')?.precision ?? 12;
    if (!values.has('exchangerate')) values.set('exchangerate', `1.${'0'.repeat(places)}`);
  }
  for (const column of moneyColumns) {
    const amount = values.get(column.baseOf ?? '');
    set(values, column.property, amount && inBaseCurrency(amount, values.get('exchangerate') ?? '1'));
  }
}

/** Ten decimals, divided by the rate; in whole numbers, because money has more digits than a JavaScript number. */
function inBaseCurrency(amount: string, rate: string): string {
  const base = (shifted(amount, 10) * decimalScale) / shifted(rate, 12);
  const digits = String(base < 0n ? -base : base).padStart(11, '0');
  return `${base < 0n ? '-' : ''}${digits.slice(0, -10)}.${digits.slice(-10)}`;
}

function shifted(text: string, places: number): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.slice(0, places).padEnd(places, '0'));
}

function defaultStatus(byName: Map<string, Column>, values: RowValues): string {
  const state = Number(values.get('statecode') ?? 0);
  const option = byName.get('statecode')?.options?.find((one) => one.value === state);
  const first = byName.get('statuscode')?.options?.find((one) => (one.state ?? 0) === state);
  return String(option?.defaultStatus ?? first?.value ?? 1);
}

function set(values: RowValues, property: string, raw: string | undefined): void {
  if (raw === undefined) values.delete(property);
  else values.set(property, raw);
}
