import { cpus, totalmem } from 'node:os';

/** Prints the machine, and the figures as a small table that Markdown reads as well. */
export function printFigures(
  title: string,
  header: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const [cpu] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  console.log(`\n${title}`);
  console.log(
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpu?.model.trim() || 'unknown CPU'}, ${gigabytes} GB, Node ${process.versions.node}; everything on this machine\n`,
  );
  const lines = [header, header.map(() => '---'), ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  for (const line of lines)
    console.log(`| ${widths.map((width, column) => (line[column] ?? '').padEnd(width)).join(' | ')} |`);
  console.log();
}

/** Three significant digits, thousands apart: `12,300`, `0.123`. */
export function figure(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en', { maximumSignificantDigits: 3 });
}
