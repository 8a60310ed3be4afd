import type { Checkpoint, KeyRange } from '../model/checkpoint.ts';

const mostRanges = 16;
/** A range of fewer pages would save no time. */
const fewestPages = 2;

/** The whole table. */
export const onePiece: readonly KeyRange[] = [{}];

/**
 * The ranges of a load. Borders are keys as the server gave them, and only it compares them: whatever order it has, each
 * row is in one range or more, because the first range has no lower border and the last no upper.
 */
export function rangesOf({ ranges, link }: Pick<Checkpoint, 'ranges' | 'link'>): readonly KeyRange[] {
  return ranges ?? (link === undefined ? onePiece : [{ link }]);
}

/**
 * The ranges when the identity pass has read another page, counted from zero, that begins with this key. They are of one
 * length in pages, which doubles whenever they become too many.
 */
export function withBorder(
  ranges: readonly KeyRange[],
  page: number,
  from: string | undefined,
): readonly KeyRange[] {
  let pages = fewestPages;
  while (page / pages >= mostRanges) pages *= 2;
  if (page === 0 || page % pages !== 0 || from === undefined) return ranges;
  const kept = ranges.length < mostRanges ? ranges : ranges.filter((_, index) => index % 2 === 0);
  return [...kept, { from }];
}

/** The borders of one of the ranges, as a request for its first page names them. */
export function bordersOf(ranges: readonly KeyRange[], index: number): { from?: string; to?: string } {
  const from = ranges[index]?.from;
  const to = ranges[index + 1]?.from;
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}

/** Whether the organization has taken a border: a page of a range that has one was read. One piece has none to be refused. */
export function isDivisionTaken(ranges: readonly KeyRange[]): boolean {
  return (
    ranges.length === 1 ||
    ranges.some(({ from, link, isDone }) => from !== undefined && (link ?? isDone) !== undefined)
  );
}
