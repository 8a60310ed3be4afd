import { TYPES } from 'tedious';

type Type = (typeof TYPES)[keyof typeof TYPES];
type Writer = Parameters<Type['writeValue']>[0];

const asGiven = <T>(value: T) => value;

/** Digits with a point, and the scale of the column; unscaled as one whole number. */
function unscaled(text: string, scale: number): bigint {
  const digits = text.startsWith('-') ? text.slice(1) : text;
  const point = digits.indexOf('.');
  if (point < 0) return BigInt(digits + '0'.repeat(scale));
  return BigInt(digits.slice(0, point) + digits.slice(point + 1).padEnd(scale, '0'));
}

const lowest64 = (1n << 64n) - 1n;

function writeDecimal(buffer: Writer, value: string, scale: number): void {
  const magnitude = unscaled(value, scale);
  buffer.writeUInt8(17);
  buffer.writeUInt8(value.startsWith('-') && magnitude !== 0n ? 0 : 1);
  buffer.writeBigUInt64LE(magnitude & lowest64);
  buffer.writeBigUInt64LE(magnitude >> 64n);
}

const millisecondsOfDay = 86_400_000;
const ticksOfDay = 25_920_000;
/** Of 1900-01-01, from which `datetime` counts days, in the count of JavaScript. */
const firstDay = -25_567;

function writeDatetime(buffer: Writer, milliseconds: number): void {
  let day = Math.floor(milliseconds / millisecondsOfDay);
  let ticks = Math.round(((milliseconds - day * millisecondsOfDay) * 3) / 10);
  if (ticks === ticksOfDay) {
    day += 1;
    ticks = 0;
  }
  buffer.writeUInt8(8);
  buffer.writeInt32LE(day - firstDay);
  buffer.writeUInt32LE(ticks);
}

/**
 * The types of columns of a bulk load. Beside the driver's: `decimal` of 38 digits takes plain decimal text, whose scale it
 * must not exceed, because the driver's own goes through a double; `datetime` takes milliseconds since 1970 of the years 1753
 * to 9999, and rounds them as the server does. Values are not looked at again: they were made for their columns.
 */
export const bulkTypes = {
  uuid: { ...TYPES.UniqueIdentifier, validate: asGiven },
  text: { ...TYPES.NVarChar, validate: asGiven },
  int: { ...TYPES.Int, validate: asGiven },
  bigint: { ...TYPES.BigInt, validate: asGiven },
  bit: { ...TYPES.Bit, validate: asGiven },
  decimal: {
    ...TYPES.Decimal,
    validate: asGiven,
    writeValue: (buffer: Writer, { value, scale }: { value?: unknown; scale?: number | undefined }) => {
      if (value == null) buffer.writeUInt8(0);
      else writeDecimal(buffer, value as string, scale ?? 0);
    },
  },
  datetime: {
    ...TYPES.DateTime,
    validate: asGiven,
    writeValue: (buffer: Writer, { value }: { value?: unknown }) => {
      if (value == null) buffer.writeUInt8(0);
      else writeDatetime(buffer, value as number);
    },
  },
} as const;

/** One of them. */
export type BulkType = keyof typeof bulkTypes;

/** A column of a bulk load, for a table that has a column of that type. Texts without `length` are unlimited. */
export interface BulkColumn {
  /** Not escaped by the driver: none with `]`. */
  readonly name: string;
  readonly type: BulkType;
  readonly length?: number;
  readonly scale?: number;
}
