import { figure } from './print-figures.ts';
import { forgetPeak, memoryOf } from './process-usage.ts';

/** What a process took at moments a tenth of a second apart while the work was at so many rows; megabytes of 2^20 bytes. */
type Moment = { readonly rows: number; readonly now: number; readonly peak: number };

const milliseconds = 100;
const parts = 10;

/** Watches a process from now on; whoever knows how many rows are done says so. `end` returns lines for a table of figures. */
export function watchMemory(pid: number) {
  const moments: Moment[] = [];
  let rows = 0;
  forgetPeak(pid);
  const timer = setInterval(() => {
    moments.push({ rows, ...memoryOf(pid) });
    // So that the highest is that of this tenth of a second, and none between two looks is missed.
    forgetPeak(pid);
  }, milliseconds);
  return {
    rowsAre(done: number): void {
      rows = done;
    },
    end(): readonly (readonly string[])[] {
      clearInterval(timer);
      return linesOf(moments, rows);
    },
  };
}

/** Lowest, median and highest in each tenth of the rows: what grows rises from one line to the next. */
function linesOf(moments: readonly Moment[], rows: number): readonly (readonly string[])[] {
  const partOf = (moment: Moment) => Math.min(parts - 1, Math.floor((moment.rows / rows) * parts));
  const byPart = Map.groupBy(moments, partOf);
  return Array.from(byPart, ([part, its]) => [
    `rows ${figure((part * rows) / parts)} to ${figure(((part + 1) * rows) / parts)}`,
    ...spread(its),
  ]).concat([['all', ...spread(moments)]]);
}

function spread(moments: readonly Moment[]): readonly string[] {
  const sorted = moments.map(({ now }) => now).sort((a, b) => a - b);
  const [lowest = Number.NaN] = sorted;
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return [lowest, median, Math.max(...moments.map(({ peak }) => peak))].map(figure);
}
