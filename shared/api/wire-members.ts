import { asNamed } from '../errors.ts';

/** What kind of JSON a value is, for a message. */
export const kindOf = (value: unknown) =>
  Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;

/** A text of the caller's, fit for a message. */
export function quoted(text: string): string {
  const named = asNamed(text);
  return JSON.stringify(named.length > 80 ? `${named.slice(0, 80)}...` : named);
}

/** What was sent in the place of a number or a truth. */
function received(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  return typeof value === 'object' ? kindOf(value) : String(value);
}

/** A sentence about the member of a body that it begins with; empty for the body itself. */
export interface Problem {
  readonly member: string;
  readonly sentence: string;
}

/** The problem of a member, or of the body when it has no name. */
export const problemOf = (member: string, what: string): Problem => ({
  member,
  sentence: `${member || 'The body'} ${what}`,
});

export const sentencesOf = (problems: readonly Problem[]) => problems.map(({ sentence }) => sentence);

/** Members of one JSON object, found without regard to case, null being absent; collects what is wrong with them. */
export class WireMembers {
  readonly #members: ReadonlyMap<string, unknown>;
  readonly #path: string;
  readonly #problems: Problem[];
  readonly #isOther: boolean;

  constructor(value: unknown, path: string, problems: Problem[]) {
    this.#path = path === '' ? '' : `${path}.`;
    this.#problems = problems;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    this.#isOther = !isObject && value !== undefined && value !== null;
    if (this.#isOther) problems.push(problemOf(path, `must be an object, received ${kindOf(value)}`));
    const entries = isObject ? Object.entries(value) : [];
    this.#members = new Map(
      entries.filter(([, member]) => member !== null).map(([name, member]) => [name.toLowerCase(), member]),
    );
  }

  value(name: string): unknown {
    return this.#members.get(name.toLowerCase());
  }

  /** That of which no member can be read is told once, not again for each. */
  problem(name: string, what: string): void {
    if (!this.#isOther) this.#problems.push(problemOf(`${this.#path}${name}`, what));
  }

  text(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === 'string') return value;
    this.problem(name, `must be text, received ${kindOf(value)}`);
    return undefined;
  }

  /** The trimmed text; empty when it is missing or no text, which is then told. */
  requiredText(name: string): string {
    const value = this.value(name) ?? '';
    if (typeof value !== 'string') this.problem(name, `must be text, received ${kindOf(value)}`);
    else if (value.trim() === '') this.problem(name, 'is missing');
    return typeof value === 'string' ? value.trim() : '';
  }

  integer(name: string, largest: number, preset: number): number {
    const value = this.value(name) ?? preset;
    const number = typeof value === 'string' && /^\d{1,9}$/.test(value.trim()) ? Number(value) : value;
    if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= largest)
      return number;
    this.problem(name, `must be a whole number from 0 to ${largest}, received ${received(value)}`);
    return preset;
  }

  truth(name: string): boolean {
    const value = this.value(name) ?? false;
    if (typeof value === 'boolean') return value;
    if (typeof value === 'string' && /^(true|false)$/i.test(value.trim()))
      return value.trim().toLowerCase() === 'true';
    this.problem(name, `must be true or false, received ${received(value)}`);
    return false;
  }

  /** DES: an enumeration arrives as a name in any case, a number, or a number as text; both are given lower-cased. */
  enumeration(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === 'string') return value?.trim().toLowerCase();
    if (typeof value === 'number') return String(value);
    this.problem(name, `must be a name or a number, received ${kindOf(value)}`);
    return undefined;
  }
}
