import type { FailureEntry } from './failure.ts';
import { beginsLikeEntry, readFailureHead } from './failure-line.ts';
import { type LinePiece, LineSplitter } from './line-splitter.ts';

/** Bytes of one reason or one piece of unreadable text at most; what is longer goes on as unreadable text. */
export const maxPieceBytes = 32_768;

// Both bound how often the lines of an unfinished head are read again.
const maxHeadLength = 4096;
const maxHeadLines = 12;

/** A piece of a failure log: an entry, or text that is none. Its bytes go from `offset` up to `end` of the blob. */
export type FailureLogPiece = { readonly offset: number; readonly end: number } & (
  | { readonly kind: 'entry'; readonly entry: FailureEntry }
  | { readonly kind: 'unreadable'; readonly text: string }
);

/** What is being read: the reason of an entry, or text that belongs to none. */
interface Draft {
  readonly entry?: Omit<FailureEntry, 'reason'>;
  readonly offset: number;
  end: number;
  text: string;
}

/**
 * Reads a failure log from its bytes as they come, in linear time and bounded memory, and never fails. An entry comes out
 * when the next one begins, or at the end. Every byte is in one piece, except blank text outside of entries.
 */
export class FailureLineParser {
  readonly #lines: LineSplitter;
  #draft: Draft | undefined;
  /** Lines that begin an entry if the labels that are missing follow. */
  #headLines: LinePiece[] = [];

  /** `offset`: where in the blob the first byte comes from; a line begins there. */
  constructor(offset = 0) {
    this.#lines = new LineSplitter(offset, maxPieceBytes);
  }

  /** The pieces that became complete with these bytes. */
  push(bytes: Uint8Array): FailureLogPiece[] {
    return this.#lines.push(bytes).flatMap((line) => this.#read(line));
  }

  /** Where the piece begins in the middle of whose line the bytes end so far; undefined when they end with a line. */
  get unfinishedAt(): number | undefined {
    if (this.#lines.isAtLineStart) return undefined;
    return this.#draft?.offset ?? this.#headLines[0]?.offset ?? this.#lines.offset;
  }

  /** The last pieces, because the blob ends here. */
  end(): FailureLogPiece[] {
    const pieces = this.#lines.end().flatMap((line) => this.#read(line));
    return [...pieces, ...this.#giveHeadUp(), ...this.#finish()];
  }

  #read(line: LinePiece): FailureLogPiece[] {
    const isInHead = this.#headLines.length > 0;
    if (!isInHead && !(line.isLineStart && beginsLikeEntry(line.text))) return this.#append(line);

    const lines = [...this.#headLines, line];
    const text = lines.map((each) => each.text).join('');
    const head = readFailureHead(text);
    if (head.kind === 'entry') {
      this.#headLines = [];
      const finished = this.#finish();
      const offset = lines[0]?.offset ?? line.offset;
      this.#draft = { entry: head.entry, offset, end: line.end, text: text.slice(head.reasonStart) };
      return finished;
    }
    if (head.kind === 'open' && text.length <= maxHeadLength && lines.length <= maxHeadLines) {
      this.#headLines = lines;
      return [];
    }
    // The lines before are no head; this one may still begin one by itself.
    return isInHead ? [...this.#giveHeadUp(), ...this.#read(line)] : this.#append(line);
  }

  #giveHeadUp(): FailureLogPiece[] {
    const lines = this.#headLines;
    this.#headLines = [];
    return lines.flatMap((line) => this.#append(line));
  }

  #append(line: LinePiece): FailureLogPiece[] {
    const draft = this.#draft;
    if (draft && draft.text.length + line.text.length <= maxPieceBytes) {
      draft.text += line.text;
      draft.end = line.end;
      return [];
    }
    const finished = this.#finish();
    this.#draft = { offset: line.offset, end: line.end, text: line.text };
    return finished;
  }

  #finish(): FailureLogPiece[] {
    const draft = this.#draft;
    this.#draft = undefined;
    if (!draft) return [];
    const { entry, offset, end, text } = draft;
    if (entry) {
      const reason = text.replaceAll('\r\n', '\n').trim();
      return [{ kind: 'entry', entry: { ...entry, reason }, offset, end }];
    }
    return text.trim() === '' ? [] : [{ kind: 'unreadable', text, offset, end }];
  }
}
