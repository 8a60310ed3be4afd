const daysInMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function numberAt(text: string, start: number, length: number): number {
  let value = 0;
  for (let at = start; at < start + length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

function isDate(text: string): boolean {
  const year = numberAt(text, 0, 4);
  const month = numberAt(text, 5, 2);
  const day = numberAt(text, 8, 2);
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return false;
  if (!(year >= 1 && day >= 1 && day <= (daysInMonth[month - 1] ?? 0))) return false;
  return month !== 2 || day < 29 || (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0));
}

function isTimeOfDay(text: string): boolean {
  if (text.charCodeAt(10) !== 84 || text.charCodeAt(13) !== 58 || text.charCodeAt(16) !== 58) return false;
  return numberAt(text, 11, 2) <= 23 && numberAt(text, 14, 2) <= 59 && numberAt(text, 17, 2) <= 59;
}

function withFractionOrOffset(text: string): string | undefined {
  const match = /^(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?$/.exec(text.slice(19));
  if (match === null) return undefined;
  const fraction = (match[1] ?? '').slice(0, 6).replace(/0+$/, '');
  const offset = match[2] ?? 'Z';
  const moment = new Date(text.slice(0, 19) + offset);
  if (Number.isNaN(moment.getTime())) return undefined;
  const whole = moment.toISOString().slice(0, 19);
  if (!isDate(whole)) return undefined;
  return fraction === '' ? `${whole}Z` : `${whole}.${fraction}Z`;
}

/**
 * A date and time in its one canonical form, UTC as `2024-06-12T14:13:17Z`, with a fraction only where there is one, cut to
 * microseconds. A date alone is its midnight. Undefined for what is no such text, or not in the years 1 to 9999, which
 * are all that Dataverse can send.
 */
export function datetimeText(text: string): string | undefined {
  if (!isDate(text)) return undefined;
  if (text.length === 10) return `${text}T00:00:00Z`;
  if (!isTimeOfDay(text)) return undefined;
  return text.length === 20 && text.charCodeAt(19) === 90 ? text : withFractionOrOffset(text);
}
