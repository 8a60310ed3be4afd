import type { ColumnType } from '../../model/table-schema.ts';

/** Digits of every decimal column, as in the old service's databases. */
export const decimalDigits = 38;

/** The SQL Server type of a destination column, to the letter of the old service's databases. */
export function sqlServerType(type: ColumnType): string {
  switch (type.kind) {
    case 'guid':
      return 'uniqueidentifier';
    case 'text':
      return `nvarchar(${type.maxLength ?? 'max'})`;
    case 'integer':
      return 'int';
    case 'bigint':
      return 'bigint';
    case 'decimal':
      return `decimal(${decimalDigits},${type.scale})`;
    case 'boolean':
      return 'bit';
    case 'datetime':
      return 'datetime';
  }
}

/** A column's type as `sys.columns` and `sys.types` tell it. */
export interface CatalogType {
  readonly name: string;
  /** Bytes; -1 for `max`. */
  readonly maxLength: number;
  readonly precision: number;
  readonly scale: number;
}

/** The type for people, as it is declared. */
export function typeName({ name, maxLength, precision, scale }: CatalogType): string {
  const characters = /^n(var)?char$/.test(name) ? maxLength / 2 : maxLength;
  if (/char$|binary$/.test(name)) return `${name}(${maxLength === -1 ? 'max' : characters})`;
  if (name === 'decimal' || name === 'numeric') return `${name}(${precision},${scale})`;
  return name === 'datetime2' || name === 'time' || name === 'datetimeoffset' ? `${name}(${scale})` : name;
}

/** The type of a column from the catalog; undefined for one that replication cannot write to exactly. */
export function typeFromCatalog({ name, maxLength, scale }: CatalogType): ColumnType | undefined {
  switch (name) {
    case 'uniqueidentifier':
      return { kind: 'guid' };
    case 'nvarchar':
      return maxLength === -1 ? { kind: 'text' } : { kind: 'text', maxLength: maxLength / 2 };
    case 'int':
      return { kind: 'integer' };
    case 'bigint':
      return { kind: 'bigint' };
    case 'bit':
      return { kind: 'boolean' };
    case 'decimal':
    case 'numeric':
      return { kind: 'decimal', scale };
    case 'datetime':
    case 'datetime2':
      return { kind: 'datetime' };
    default:
      return undefined;
  }
}
