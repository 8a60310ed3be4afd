/** A text that Json.NET took for a date while it parsed: from then on it is one, whatever the model says. */
export class JsonDate {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** What the cast of a date to a string gives: no more what was sent. */
  toString(): string {
    const date = new Date(this.text);
    const two = (number: number) => String(number).padStart(2, '0');
    return `${two(date.getUTCMonth() + 1)}/${two(date.getUTCDate())}/${date.getUTCFullYear()} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  }
}

export type Token = string | number | boolean | null | JsonDate | Token[] | { [name: string]: Token };

const isoDate = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)?$/;

/** `JToken.Parse`: text that is no JSON throws, and what looks like a date becomes one. */
export function parseToken(text: string): Token {
  return JSON.parse(text, (_, value) =>
    typeof value === 'string' && isoDate.test(value) ? new JsonDate(value) : value,
  );
}

function kindOf(token: Token): string {
  if (token === null) return 'Null';
  if (Array.isArray(token)) return 'Array';
  if (token instanceof JsonDate) return 'Date';
  return typeof token === 'object' ? 'Object' : typeof token;
}

const cannot = (token: Token, type: string) => new Error(`Can not convert ${kindOf(token)} to ${type}.`);

const isContainer = (token: Token) => kindOf(token) === 'Array' || kindOf(token) === 'Object';

/** The casts of `JToken` in C#: scalars are converted, lists and objects throw, null throws where a value type is read. */
export const casts = {
  string(token: Token): string {
    if (isContainer(token) || token === null) throw cannot(token, 'String');
    if (typeof token === 'boolean') return token ? 'True' : 'False';
    return String(token);
  },
  boolean(token: Token): boolean {
    if (typeof token === 'boolean') return token;
    if (typeof token === 'string' && /^(true|false)$/i.test(token)) return token.toLowerCase() === 'true';
    if (typeof token === 'number') return token !== 0;
    throw cannot(token, 'Boolean');
  },
  int32: (token: Token) => integerCast(token, 2 ** 31 - 1),
  int64: (token: Token) => integerCast(token, Number.MAX_SAFE_INTEGER),
  date(token: Token): Date {
    if (!(token instanceof JsonDate)) throw cannot(token, 'DateTimeOffset');
    return new Date(token.text);
  },
};

function integerCast(token: Token, largest: number): number {
  const number = typeof token === 'string' && /^-?\d+$/.test(token) ? Number(token) : token;
  if (typeof number !== 'number' || !Number.isInteger(number) || Math.abs(number) > largest)
    throw cannot(token, 'Integer');
  return number;
}

/** `token["Name"]`: the exact name; anything but an object throws. */
export function member(token: Token | undefined, name: string): Token | undefined {
  if (token === undefined || kindOf(token) !== 'Object')
    throw new Error('Cannot access child value on JValue.');
  return Object.hasOwn(token as object, name) ? (token as Record<string, Token>)[name] : undefined;
}

/** Casts the items of a list; anything else throws. */
export const list =
  <Item>(cast: (token: Token) => Item) =>
  (token: Token): Item[] => {
    if (!Array.isArray(token)) throw new Error('The answer is no JArray.');
    return token.map(cast);
  };
