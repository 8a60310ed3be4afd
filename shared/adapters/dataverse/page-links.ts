const selectOption = /^(?:\$|%24)select=/i;

/** Without the mark at the end, which is ours. */
const optionsOf = (link: string) => {
  const [bare = ''] = link.split('#', 1);
  const start = bare.indexOf('?');
  return start < 0 ? [] : bare.slice(start + 1).split('&');
};

/** The link with `$select` of these columns; everything else, the token above all, stays as Dataverse wrote it. */
export function withColumns(link: string, columns: readonly string[]): string {
  const path = link.split('?', 1)[0];
  const others = optionsOf(link).filter((option) => !selectOption.test(option));
  return `${path}?${[`$select=${columns.join(',')}`, ...others].join('&')}`;
}

/** Whether rows of this link have (at least) these columns; a link without `$select` gives all. */
export function hasColumns(link: string, columns: readonly string[]): boolean {
  const selected = selectedBy(link);
  return selected === undefined || columns.every((column) => selected.has(column));
}

/** Whether the link names no other columns, which might have been deleted since; one without `$select` names none. */
export function namesNoOtherThan(link: string, columns: readonly string[]): boolean {
  return [...(selectedBy(link) ?? [])].every((column) => columns.includes(column));
}

function selectedBy(link: string): ReadonlySet<string> | undefined {
  const option = optionsOf(link).find((each) => selectOption.test(each));
  return option === undefined
    ? undefined
    : new Set(decodeURIComponent(option.replace(selectOption, '')).split(','));
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
