import { MultiBar } from 'cli-progress';
import type { Narrator } from './narrator.ts';
import { countOf } from './phrases.ts';

/** How far each table is: a bar for each on a terminal, a line now and then on a pipe. */
export type ProgressDisplay = {
  show(table: string, progress: { readonly rows: number; readonly isDone: boolean }): void;
  stop(): void;
};

const lineEverySeconds = 3;
/** The gutter, and `   4,965 of 4,965`. */
const spaceBesideBar = 32;

export function progressDisplay(
  narrator: Narrator,
  expectedRows: ReadonlyMap<string, number>,
): ProgressDisplay {
  return narrator.output.isTTY ? bars(narrator, expectedRows) : lines(narrator, expectedRows);
}

function bars({ output }: Narrator, expectedRows: ReadonlyMap<string, number>): ProgressDisplay {
  const width = Math.max(...[...expectedRows.keys()].map((table) => table.length));
  const all = new MultiBar({
    stream: output,
    format: `           {table} {bar} {rows} of {expected}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: Math.max(10, Math.min(40, (output.columns ?? 0) - width - spaceBesideBar)),
    hideCursor: true,
    emptyOnZero: true,
    fps: 10,
  });
  const payload = (table: string, rows: number) => ({
    table: table.padEnd(width),
    rows: rows.toLocaleString('en').padStart(7),
    expected: (expectedRows.get(table) ?? 0).toLocaleString('en'),
  });
  const ofTable = new Map(
    [...expectedRows].map(([table, expected]) => [
      table,
      all.create(Math.max(expected, 1), 0, payload(table, 0)),
    ]),
  );
  let isStopped = false;
  return {
    show(table, { rows, isDone }) {
      const expected = expectedRows.get(table) ?? 0;
      const shown = isDone ? expected : Math.min(rows, expected);
      ofTable.get(table)?.update(isDone ? Math.max(expected, 1) : shown, payload(table, shown));
    },
    stop() {
      if (!isStopped) all.stop();
      isStopped = true;
    },
  };
}

function lines(narrator: Narrator, expectedRows: ReadonlyMap<string, number>): ProgressDisplay {
  const total = [...expectedRows.values()].reduce((sum, count) => sum + count, 0);
  const rowsOf = new Map<string, number>();
  const done = new Set<string>();
  let told = performance.now();
  return {
    show(table, { rows, isDone }) {
      rowsOf.set(table, rows);
      if (isDone) done.add(table);
      if (performance.now() - told < lineEverySeconds * 1000) return;
      told = performance.now();
      const sum = [...rowsOf.values()].reduce((all, count) => all + count, 0);
      narrator.say(
        `${sum.toLocaleString('en')} of ${countOf(total, 'row')}; ${done.size} of ${expectedRows.size} tables complete.`,
      );
    },
    stop() {},
  };
}
