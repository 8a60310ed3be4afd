import { badPayload, DataverseError } from '../errors.ts';
import { type Column, isLookup, type Table } from '../schema/table.ts';
import { isGuid } from '../store/guid-order.ts';

/** A number as the client wrote it: digits that a JavaScript number would lose are kept. */
type WrittenNumber = { digits: string };

const int32 = 2 ** 31;

/** Parses a body and keeps the text of its numbers. */
export function parseBody(text: string, set: string): Record<string, unknown> {
  type Context = { source?: string };
  const keep = (_key: string, value: unknown, context?: Context) =>
    typeof value === 'number' ? { digits: context?.source ?? String(value) } : value;
  try {
    const body: unknown = JSON.parse(text, keep as never);
    if (typeof body === 'object' && body !== null && !Array.isArray(body))
      return body as Record<string, unknown>;
  } catch {
    // The same answer as for a body that is JSON but no object.
  }
  throw badPayload(set, 'An error occurred while parsing the request body; a JSON object was expected.');
}

/** The stored JSON text of a value, or the error that the Web API gives for a value of the wrong type, length or range. */
export function columnValue(table: Table, column: Column, value: unknown): string {
  if (value === null) return 'null';
  const wrong = (expected: string) =>
    badPayload(
      table.set,
      `Cannot convert the literal of property '${column.property}' to the expected type '${expected}'.`,
    );
  switch (column.type) {
    case 'string':
    case 'memo':
    case 'entityname':
    case 'multiselectpicklist':
    case 'image':
      if (typeof value !== 'string') throw wrong('Edm.String');
      if (column.length !== undefined && value.length > column.length) throw tooLong(column);
      if (column.type === 'multiselectpicklist')
        for (const one of value.split(',')) checkOption(column, Number(one));
      return JSON.stringify(value);
    case 'boolean':
      if (typeof value !== 'boolean') throw wrong('Edm.Boolean');
      return String(value);
    case 'datetime':
      if (typeof value !== 'string') throw wrong('Edm.DateTimeOffset');
      return dateValue(column, value, wrong);
    case 'uniqueidentifier':
    case 'lookup':
    case 'customer':
    case 'owner':
      if (typeof value !== 'string' || !isGuid(value)) throw wrong('Edm.Guid');
      return `"${value.toLowerCase()}"`;
    default:
      return numberValue(column, value, wrong);
  }
}

function numberValue(column: Column, value: unknown, wrong: (expected: string) => Error): string {
  const digits = (value as WrittenNumber).digits;
  if (typeof digits !== 'string') throw wrong('Edm.Decimal');
  const isWhole = /^-?\d+$/.test(digits);
  const number = Number(digits);
  if (column.type === 'double') return digits;
  if (column.type === 'money') return scaled(digits, column, 10);
  if (column.type === 'decimal') return scaled(digits, column, column.precision ?? 2);
  if (!isWhole) throw wrong('Edm.Int32');
  if (column.type !== 'bigint' && (number >= int32 || number < -int32)) throw wrong('Edm.Int32');
  if (column.options) checkOption(column, number);
  checkRange(column, number);
  return digits;
}

function scaled(digits: string, column: Column, places: number): string {
  const text = /e/i.test(digits) ? Number(digits).toFixed(10) : digits;
  checkRange(column, Number(text));
  const [whole = '0', fraction = ''] = text.split('.');
  return `${whole}.${fraction.slice(0, places).padEnd(places, '0')}`;
}

function checkRange(column: Column, number: number): void {
  if (number >= Number(column.min ?? -Infinity) && number <= Number(column.max ?? Infinity)) return;
  throw new DataverseError(
    400,
    '0x8004432f',
    `A validation error occurred. The value of '${column.name}' on record is outside the valid range of ${column.min} to ${column.max}.`,
  );
}

function checkOption(column: Column, value: number): void {
  if (!column.options || column.options.some((option) => option.value === value)) return;
  throw new DataverseError(
    400,
    '0x8004431a',
    `A validation error occurred. The value ${value} of '${column.name}' is outside the valid range. Accepted Values: ${column.options.map((option) => option.value).join(',')}`,
  );
}

function tooLong(column: Column): DataverseError {
  return new DataverseError(
    400,
    '0x80044331',
    `A validation error occurred.  The length of the '${column.name}' attribute of the '${column.name}' entity exceeded the maximum allowed length of '${column.length}'.`,
  );
}

function dateValue(column: Column, value: string, wrong: (expected: string) => Error): string {
  if (column.behavior === 'DateOnly') {
    if (!/^\d{4}-\d\d-\d\d$/.test(value) || Number.isNaN(Date.parse(value))) throw wrong('Edm.Date');
    return `"${value}"`;
  }
  const time = Date.parse(/T/.test(value) ? value : `${value}T00:00:00Z`);
  if (Number.isNaN(time)) throw wrong('Edm.DateTimeOffset');
  if (time < Date.UTC(1753, 0, 1))
    throw new DataverseError(
      400,
      '0x80040239',
      'DateTime is less than minumum value supported by CrmDateTime.',
    );
  return `"${wholeSeconds(new Date(time))}"`;
}

/** Rows carry whole seconds, also for the platform's own times. */
export function wholeSeconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

export function isWritable(column: Column, isCreate: boolean): boolean {
  return (isCreate ? column.canCreate : column.canUpdate) || (isLookup(column) && column.type === 'owner');
}
