import { stripVTControlCharacters, styleText } from 'node:util';

/** Tells what happens, in lines that begin with the seconds since the beginning. */
export type Narrator = {
  readonly output: NodeJS.WriteStream;
  /** The title of the next part. */
  act(title: string): void;
  say(sentence: string): void;
  /** Something went well. */
  good(sentence: string): void;
  /** Something failed, as was to be shown. */
  bad(sentence: string): void;
  /** Below a sentence: what was read or sent, word for word. */
  quote(text: string): void;
  /** Shown at the bottom of a terminal until the next line comes; on a pipe a line like the others. */
  status(sentence: string): void;
};

const gutterWidth = 11;
const widest = 110;

/** `output` may be a terminal (colours, status line) or a pipe (plain lines). Honours `NO_COLOR`. */
export function narrator(output: NodeJS.WriteStream = process.stdout): Narrator {
  const startedAt = performance.now();
  const style = (format: Parameters<typeof styleText>[0], text: string) =>
    styleText(format, text, { stream: output });
  let acts = 0;
  let hasStatus = false;

  function write(text: string): void {
    if (hasStatus) output.write('\r\u001b[K');
    hasStatus = false;
    output.write(text);
  }

  function line(mark: string, sentence: string): void {
    const seconds = `${((performance.now() - startedAt) / 1000).toFixed(1)} s`.padStart(gutterWidth - 3);
    const [first = '', ...others] = wrap(sentence, width() - gutterWidth);
    write(`${style('dim', seconds)} ${mark} ${first}\n`);
    for (const other of others) write(`${' '.repeat(gutterWidth)}${other}\n`);
  }

  const width = () => Math.min(output.columns ?? widest, widest);

  return {
    output,
    act(title) {
      acts += 1;
      write(`\n${style('bold', `${`${acts}`.padStart(gutterWidth - 3)}   ${title}`)}\n`);
    },
    say: (sentence) => line(' ', sentence),
    good: (sentence) => line(style('green', '✓'), sentence),
    bad: (sentence) => line(style('red', '✗'), sentence),
    quote(text) {
      const lines = wrap(stripVTControlCharacters(text), width() - gutterWidth - 2);
      for (const each of lines) write(`${' '.repeat(gutterWidth)}${style('dim', `│ ${each}`)}\n`);
    },
    status(sentence) {
      if (!output.isTTY) return line(' ', sentence);
      write(`${' '.repeat(gutterWidth)}${sentence.slice(0, width() - gutterWidth - 1)}`);
      hasStatus = true;
    },
  };
}

/** Lines of at most `width` characters, broken at blanks; a longer word stays whole. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
