import type { ColumnType } from '../../model/table-schema.ts';

/** Digits of every decimal column, as in the old service's databases. */
const decimalDigits = 38;

const fewerDigits = (digits: number) => (digits < decimalDigits ? { digits } : {});

/** The PostgreSQL type of a destination column. */
export function postgresType(type: ColumnType): string {
  switch (type.kind) {
    case 'guid':
      return 'uuid';
    case 'text':
      return type.maxLength === undefined ? 'text' : `varchar(${type.maxLength})`;
    case 'integer':
      return 'integer';
    case 'bigint':
      return 'bigint';
    case 'decimal':
      return `numeric(${decimalDigits},${type.scale})`;
    case 'boolean':
      return 'boolean';
    case 'datetime':
      return 'timestamp';
  }
}

/** The type in the staging table: without limits, so that the reporting table itself decides about each row. */
export function stagingType(type: ColumnType): string {
  if (type.kind === 'text') return 'text';
  return type.kind === 'decimal' ? 'numeric' : postgresType(type);
}

/** The type of a column as the catalog tells it (`format_type`); undefined for one that replication does not make. */
export function typeFromCatalog(typeName: string): ColumnType | undefined {
  const [, name, first, second] =
    /^([a-z ]+?)(?:\((\d+)(?:,(-?\d+))?\))?( without time zone)?$/.exec(typeName) ?? [];
  switch (name) {
    case 'uuid':
      return { kind: 'guid' };
    case 'text':
      return { kind: 'text' };
    case 'character varying':
      return first === undefined ? { kind: 'text' } : { kind: 'text', maxLength: Number(first) };
    case 'integer':
    case 'bigint':
    case 'boolean':
      return { kind: name };
    case 'numeric':
      // Without limits it takes what any other does.
      if (first === undefined) return { kind: 'decimal', scale: decimalDigits };
      return { kind: 'decimal', scale: Number(second ?? 0), ...fewerDigits(Number(first)) };
    case 'timestamp':
    case 'timestamp without time zone':
      return { kind: 'datetime' };
    default:
      return undefined;
  }
}
