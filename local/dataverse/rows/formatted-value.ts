import type { Column } from '../schema/table.ts';

/** The text that people see for a value, as JSON; undefined when the platform sends no formatted value. */
export function formattedValue(column: Column, raw: string): string | undefined {
  switch (column.type) {
    case 'boolean':
      return label(column, raw === 'true' ? 1 : 0);
    case 'picklist':
    case 'state':
    case 'status':
      return label(column, Number(raw));
    case 'multiselectpicklist': {
      const labels = (JSON.parse(raw) as string)
        .split(',')
        .map((value) => optionLabel(column, Number(value)));
      return JSON.stringify(labels.join('; '));
    }
    case 'integer':
    case 'bigint':
      return `"${grouped(raw)}"`;
    case 'decimal':
    case 'double':
      return `"${decimals(raw, column.precision ?? 2)}"`;
    case 'money':
      return `"$${decimals(raw, 2)}"`;
    case 'datetime':
      return `"${dateText(raw.slice(1, -1), column.format === 'DateOnly')}"`;
    default:
      return undefined;
  }
}

function label(column: Column, value: number): string {
  return JSON.stringify(optionLabel(column, value));
}

function optionLabel(column: Column, value: number): string {
  const option = column.options?.find((one) => one.value === value);
  return option?.labels?.[1033] ?? option?.label ?? String(value);
}

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

function decimals(raw: string, places: number): string {
  const [whole = '0', fraction = ''] = (raw.includes('e') ? Number(raw).toFixed(places) : raw).split('.');
  return places === 0 ? grouped(whole) : `${grouped(whole)}.${fraction.padEnd(places, '0').slice(0, places)}`;
}

function dateText(iso: string, isDateOnly: boolean): string {
  const part = (from: number, to: number) => Number(iso.slice(from, to));
  const date = `${part(5, 7)}/${part(8, 10)}/${part(0, 4)}`;
  if (isDateOnly) return date;
  const hour = part(11, 13);
  return `${date} ${hour % 12 || 12}:${iso.slice(14, 16)} ${hour < 12 ? 'AM' : 'PM'}`;
}
