const selectOption = /^(?:\$|%24)select=/i;

const optionsOf = (link: string) => {
  const start = link.indexOf('?');
  return start < 0 ? [] : link.slice(start + 1).split('&');
};

/** The link with `$select` of these columns; everything else, the token above all, stays as Dataverse wrote it. */
export function withColumns(link: string, columns: readonly string[]): string {
  const path = link.split('?', 1)[0];
  const others = optionsOf(link).filter((option) => !selectOption.test(option));
  return `${path}?${[`$select=${columns.join(',')}`, ...others].join('&')}`;
}

/** Whether rows of this link have (at least) these columns; a link without `$select` gives all. */
export function hasColumns(link: string, columns: readonly string[]): boolean {
  const option = optionsOf(link).find((each) => selectOption.test(each));
  if (option === undefined) return true;
  const selected = new Set(decodeURIComponent(option.replace(selectOption, '')).split(','));
  return columns.every((column) => selected.has(column));
}

const trackedMark = '#tracked';

/**
 * Marks a next link as one of a change-tracking read: each page must be asked with the preferences of the first, and the
 * link itself does not reliably tell them. A fragment is never sent.
 */
export function markTracked(link: string): string {
  return link + trackedMark;
}

export function isTracked(link: string): boolean {
  return link.endsWith(trackedMark);
}
