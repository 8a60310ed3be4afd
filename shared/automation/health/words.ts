/** A name in quotes, as messages have it. */
export const quoted = (name: string) => JSON.stringify(name);

/** `2026-11-28 18:00 UTC`. */
export const momentText = (time: string) =>
  `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** `5 rows`, `1 row`. */
export const countText = (count: number, thing: string) =>
  `${count.toLocaleString('en')} ${thing}${count === 1 ? '' : 's'}`;

/** In the largest unit of which there are two: `90 minutes`, `3 hours`, `2 days`. */
export function durationText(seconds: number): string {
  const units = [
    [86_400, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
  ] as const;
  const [size, unit] = units.find(([length]) => seconds >= 2 * length) ?? [60, 'minute'];
  return countText(Math.round(seconds / size), unit);
}

const mostCharacters = 600;

/** The beginning of a long text, on one line. */
export function clipped(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= mostCharacters ? line : `${line.slice(0, mostCharacters)}...`;
}
