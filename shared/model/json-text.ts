/** JSON that is text already: of an answer so long that it is not made anew for each call. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The texts of all items as one array. */
  static list(items: readonly string[]): JsonText {
    return new JsonText(`[${items.join(',')}]`);
  }

  toJSON(): unknown {
    return JSON.parse(this.text);
  }
}
