// `M/d/yyyy h:mm:ss tt`; newer .NET writes a narrow no-break space before AM and PM, which \s covers.
const usTime = /^(\d{1,2})\/(\d{1,2})\/(\d{4})\s(\d{1,2}):(\d{2}):(\d{2})\s([AP])M$/i;
const isoTime = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?(?:Z|[+-]00:00)?$/;

/** An ISO 8601 time as failure logs have it: `8/31/2016 6:50:38 PM`, UTC, fractions of a second cut off. */
export function writeLogTime(time: string): string {
  const date = new Date(time);
  const hour = date.getUTCHours();
  const day = `${date.getUTCMonth() + 1}/${date.getUTCDate()}/${String(date.getUTCFullYear()).padStart(4, '0')}`;
  const twoDigits = (value: number) => String(value).padStart(2, '0');
  const clock = `${hour % 12 || 12}:${twoDigits(date.getUTCMinutes())}:${twoDigits(date.getUTCSeconds())}`;
  return `${day} ${clock} ${hour < 12 ? 'AM' : 'PM'}`;
}

/** A log's time as ISO 8601 in UTC, whole seconds (`2016-08-31T18:50:38.000Z`); undefined when it is no time. */
export function readLogTime(text: string): string | undefined {
  const us = usTime.exec(text);
  if (us) {
    const [, month, day, year, hour, minute, second, half] = us;
    if (Number(hour) < 1 || Number(hour) > 12) return undefined;
    const hour24 = (Number(hour) % 12) + (half?.toUpperCase() === 'P' ? 12 : 0);
    return asIso(year, month, day, hour24, minute, second);
  }
  const iso = isoTime.exec(text);
  return iso ? asIso(iso[1], iso[2], iso[3], iso[4], iso[5], iso[6]) : undefined;
}

/** The date, unless there is no such day or time (February 30th, 25 o'clock). */
function asIso(...parts: (string | number | undefined)[]): string | undefined {
  const [year, month, day, hour, minute, second] = parts.map((part) => String(part).padStart(2, '0'));
  const text = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && date.toISOString() === text ? text : undefined;
}
