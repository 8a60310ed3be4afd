import { wholeSeconds } from '../rows/column-values.ts';
import type { Column } from '../schema/table.ts';
import type { Persona } from './persona.ts';
import { pick, type Random, randomGuid, whole } from './random.ts';
import { textValue } from './text-values.ts';

/** Makes the stored JSON text of one column's value. */
export type ColumnSample = (persona: Persona, random: Random) => string;

const tinyImage =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const day = 86_400_000;

/** The value maker of a column; lookups are made elsewhere, for they need to know which rows exist. */
export function columnSample(column: Column): ColumnSample {
  switch (column.type) {
    case 'string':
    case 'memo': {
      const text = textValue(column);
      return (persona, random) => JSON.stringify(text(persona, random));
    }
    case 'boolean':
      return (_, random) => (random() < 0.5 ? 'true' : 'false');
    case 'picklist':
    case 'state':
    case 'status': {
      const values = column.options?.map((option) => String(option.value)) ?? ['1'];
      return (_, random) => pick(random, values);
    }
    case 'multiselectpicklist': {
      const values = column.options?.map((option) => option.value) ?? [1];
      return (_, random) => {
        const chosen = values.filter(() => random() < 0.3);
        return `"${(chosen.length > 0 ? chosen : [pick(random, values)]).join(',')}"`;
      };
    }
    case 'integer': {
      const from = Math.max(Number(column.min ?? 0), -1500);
      const to = Math.min(Number(column.max ?? 10_000), 100_000);
      if (/timezonecode/.test(column.name)) return () => '85';
      return (_, random) => String(whole(random, from, to));
    }
    case 'bigint':
      return (_, random) =>
        random() < 0.5 ? `9007199254740${whole(random, 993, 999)}` : `638${whole(random, 1e13, 9e13)}7`;
    case 'decimal':
      return (_, random) => fixed(random() * 100, column.precision ?? 2);
    case 'double':
      return coordinate(column);
    case 'datetime':
      return dateSample(column);
    case 'uniqueidentifier':
      return (_, random) => `"${randomGuid(random)}"`;
    case 'entityname':
      return (_, random) => pick(random, ['"account"', '"contact"']);
    case 'image':
      return () => `"${tinyImage}"`;
    default:
      return (_, random) => `"${randomGuid(random)}"`;
  }
}

/** An amount with the ten decimals of the wire; a few have more digits than a JavaScript number can hold. */
export function moneySample(random: Random): string {
  if (random() < 0.002) return '90071992547409.9301000000';
  const cents = Math.floor(random() ** 3 * 5_000_000_00);
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}00000000`;
}

function coordinate(column: Column): ColumnSample {
  if (column.name.endsWith('latitude')) return ({ city }) => String(city[4]);
  if (column.name.endsWith('longitude')) return ({ city }) => String(city[5]);
  return (_, random) => fixed(random() * 100, column.precision ?? 2);
}

function dateSample(column: Column): ColumnSample {
  if (column.behavior === 'DateOnly')
    return (_, random) => {
      if (random() < 0.004)
        return pick(random, ['"1753-01-01"', '"9999-12-31"', '"1900-02-28"', '"2024-02-29"']);
      return `"${new Date(Date.UTC(1940 + whole(random, 0, 70), 0, whole(random, 1, 365))).toISOString().slice(0, 10)}"`;
    };
  return ({ createdAt }, random) => {
    if (random() < 0.004) return pick(random, ['"1753-01-01T00:00:00Z"', '"9999-12-31T23:59:59Z"']);
    const moment = new Date(createdAt + whole(random, -30, 400) * day);
    if (column.format === 'DateOnly') moment.setUTCHours(0, 0, 0, 0);
    return `"${wholeSeconds(moment)}"`;
  };
}

function fixed(number: number, places: number): string {
  return number.toFixed(places);
}
