const lastMoment = 9_999_999_999_999;

/** A text of this ISO time that is smaller the later it is: rows of Table Storage come in the order of their keys only. */
export function newestFirstKey(time: string): string {
  return String(lastMoment - Date.parse(time)).padStart(13, '0');
}
