/** A line of a text, or a part of a long one. Bytes from `offset` up to `end`; `text` has the line's end. */
export interface LinePiece {
  readonly text: string;
  readonly offset: number;
  readonly end: number;
  readonly isLineStart: boolean;
}

const lineFeed = 0x0a;
const isContinuation = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;

/**
 * Cuts UTF-8 bytes, which come in any pieces, into lines; a line of more than `maxBytes` comes in several, cut between
 * two characters. Each byte is copied once. Bytes that are no UTF-8 become U+FFFD.
 */
export class LineSplitter {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #buffer: Uint8Array;
  #length = 0;
  #offset: number;
  #isLineStart = true;

  constructor(offset: number, maxBytes: number) {
    this.#offset = offset;
    this.#buffer = new Uint8Array(maxBytes);
  }

  /** Whether all bytes so far came out in whole lines. */
  get isAtLineStart(): boolean {
    return this.#length === 0 && this.#isLineStart;
  }

  /** Where the bytes begin that have not come out yet. */
  get offset(): number {
    return this.#offset;
  }

  push(bytes: Uint8Array): LinePiece[] {
    const pieces: LinePiece[] = [];
    for (let at = 0; at < bytes.length; ) {
      const feed = bytes.indexOf(lineFeed, at);
      const lineEnd = feed < 0 ? bytes.length : feed + 1;
      const taken = Math.min(lineEnd, at + this.#buffer.length - this.#length);
      this.#buffer.set(bytes.subarray(at, taken), this.#length);
      this.#length += taken - at;
      at = taken;
      if (feed >= 0 && at === feed + 1) pieces.push(this.#cut(this.#length, true));
      else if (this.#length === this.#buffer.length) pieces.push(this.#cut(this.#characterEnd(), false));
    }
    return pieces;
  }

  end(): LinePiece[] {
    return this.#length === 0 ? [] : [this.#cut(this.#length, true)];
  }

  /** Where the last character that is surely whole ends. */
  #characterEnd(): number {
    const length = this.#length;
    let start = length - 1;
    while (start > length - 4 && isContinuation(this.#buffer[start])) start -= 1;
    return start > 0 && (this.#buffer[start] ?? 0) >= 0xc0 ? start : length;
  }

  #cut(length: number, isLineEnd: boolean): LinePiece {
    const offset = this.#offset;
    const text = this.#decoder.decode(this.#buffer.subarray(0, length));
    const piece = { text, offset, end: offset + length, isLineStart: this.#isLineStart };
    this.#buffer.copyWithin(0, length, this.#length);
    this.#length -= length;
    this.#offset += length;
    this.#isLineStart = isLineEnd;
    return piece;
  }
}
