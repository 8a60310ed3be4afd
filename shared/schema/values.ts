import type { ErrorCode } from '../error-codes.ts';
import { ServiceError } from '../errors.ts';
import type { RowValue } from '../model/change.ts';
import { isGuid } from '../model/guid.ts';
import type { ColumnType, DestinationColumn } from '../model/table-schema.ts';
import { datetimeText } from './datetime-text.ts';
import { decimalText, isPlainDecimal } from './decimal-text.ts';

/** Turns a value into canonical text, or throws a `ROW_*` error. */
export type ValueConverter = (raw: RowValue | undefined) => string | null;

type Present = string | number | boolean | object;

/** `parameters[0]` is what is wrong, for a message that names more than this place knows. */
function fault(code: ErrorCode, wrong: string): ServiceError {
  return new ServiceError(code, `Cannot express a value: ${wrong}.`, { parameters: [wrong] });
}

const nameOf = (raw: Present) => (typeof raw === 'object' ? 'an object' : `a ${typeof raw}`);

const wrongKind = (raw: Present, expected: string) =>
  fault('ROW_VALUE_INVALID', `received ${nameOf(raw)} that is not ${expected}`);

function guidText(raw: Present): string {
  if (typeof raw !== 'string') throw wrongKind(raw, 'a guid');
  if (isGuid(raw)) return raw;
  const lower = raw.toLowerCase();
  if (isGuid(lower)) return lower;
  throw wrongKind(raw, 'a guid');
}

function plainText(raw: Present): string {
  if (typeof raw === 'string') return raw;
  if (typeof raw === 'object') throw wrongKind(raw, 'a text');
  return String(raw);
}

function booleanText(raw: Present): string {
  if (raw === true || raw === 'true') return 'true';
  if (raw === false || raw === 'false') return 'false';
  throw wrongKind(raw, 'true or false');
}

function datetimeOf(raw: Present): string {
  if (typeof raw !== 'string') throw wrongKind(raw, 'a date');
  const canonical = datetimeText(raw);
  if (canonical !== undefined) return canonical;
  throw fault('ROW_DATE_OUT_OF_RANGE', 'received no date or one out of range; expected the years 1 to 9999');
}

function integerOfBits(bits: 32 | 64): (raw: Present) => string {
  const limit = 2n ** BigInt(bits - 1);
  return (raw) => {
    if (bits === 32 && typeof raw === 'number' && raw === (raw | 0)) return String(raw | 0);
    if (bits === 64 && Number.isSafeInteger(raw)) return String((raw as number) + 0);
    const text = typeof raw === 'number' || typeof raw === 'string' ? decimalText(String(raw), 0) : undefined;
    if (text === undefined) throw wrongKind(raw, 'a whole number');
    const isFar = text === 'too-large' || text.length > 20;
    if (!isFar && decimalText(String(raw), 10) !== text) throw wrongKind(raw, 'a whole number');
    const value = isFar ? limit : BigInt(text);
    if (value >= limit || value < -limit)
      throw fault('ROW_NUMBER_OUT_OF_RANGE', `received a whole number out of range; expected ${bits} bits`);
    return text;
  };
}

function decimalOfScale(scale: number): (raw: Present) => string {
  return (raw) => {
    const given = typeof raw === 'number' ? String(raw) : raw;
    if (typeof given !== 'string') throw wrongKind(raw, 'a number');
    if (isPlainDecimal(given, scale)) return given;
    const text = decimalText(given, scale);
    if (text === undefined) throw wrongKind(raw, 'a number');
    if (text === 'too-large')
      throw fault(
        'ROW_NUMBER_OUT_OF_RANGE',
        `received a number out of range; expected at most ${38 - scale} digits before the point`,
      );
    return text;
  };
}

function converterOfType(type: ColumnType): (raw: Present) => string {
  switch (type.kind) {
    case 'guid':
      return guidText;
    case 'text':
      return plainText;
    case 'integer':
      return integerOfBits(32);
    case 'bigint':
      return integerOfBits(64);
    case 'decimal':
      return decimalOfScale(type.scale);
    case 'boolean':
      return booleanText;
    case 'datetime':
      return datetimeOf;
  }
}

/** Cut by UTF-16 units, which no database counts fewer of than it allows; never in the middle of a surrogate pair. */
export function cutToLength(text: string, most: number): string {
  if (text.length <= most) return text;
  const isSplit = /[\uD800-\uDBFF]/.test(text.charAt(most - 1));
  return text.slice(0, isSplit ? most - 1 : most);
}

function cutText(type: ColumnType): (raw: Present) => string {
  const most = type.kind === 'text' ? (type.maxLength ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
  return (raw) => cutToLength(plainText(raw), most);
}

/** A managed property's object stands for its `Value`. */
function unwrapped(raw: object): Present | null {
  const value = 'Value' in raw ? raw.Value : raw;
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  return raw;
}

function nullOr(convert: (raw: Present) => string, raw: RowValue | undefined): string | null {
  const value = typeof raw === 'object' && raw !== null ? unwrapped(raw) : raw;
  return value === null || value === undefined ? null : convert(value);
}

/**
 * The converter of one column, made once and called for each value. It throws a `ROW_*` ServiceError without the value in
 * its message; `parameters` are the column's name and what is wrong.
 */
export function columnConverter(column: DestinationColumn): ValueConverter {
  const convert = column.isCut ? cutText(column.type) : converterOfType(column.type);
  return (raw) => {
    try {
      return nullOr(convert, raw);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      const wrong = error.parameters[0] ?? '';
      throw new ServiceError(error.code, `Cannot write column "${column.name}": ${wrong}.`, {
        parameters: [column.name, wrong],
      });
    }
  };
}

/**
 * The canonical text of a value: the same for every notation of it, so that texts of source and destination can be
 * compared. Guids lower case, numbers in plain decimals rounded to the column's scale, dates ISO 8601 in UTC.
 */
export function canonicalValue(type: ColumnType, raw: RowValue | undefined): string | null {
  return nullOr(converterOfType(type), raw);
}
