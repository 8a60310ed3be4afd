import { parseArgs } from 'node:util';

/** Flags that are being read; problems are collected until `finish`. */
export type Flags = {
  /** The value, or undefined when the flag was not given. */
  text(name: string): string | undefined;
  number(name: string, preset: number, smallest: number, largest: number): number;
  /** The first choice is the preset. */
  choice<T extends string>(name: string, choices: readonly [T, ...T[]]): T;
  isSet(name: string): boolean;
  problem(text: string): void;
  /** Throws all problems in one error, with the list of flags. */
  finish(): void;
};

/** Takes a command line apart. `help` has every flag that is allowed; `switches` are those without a value. */
export function openFlags(
  args: readonly string[],
  help: Readonly<Record<string, string>>,
  switches: readonly string[],
): Flags {
  const options = Object.keys(help).map((name) => [
    name,
    { type: switches.includes(name) ? ('boolean' as const) : ('string' as const) },
  ]);
  const { values, tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: Object.fromEntries(options),
  });
  const problems: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'option' && !(token.name in help)) problems.push(`${token.rawName} is unknown`);
    if (token.kind === 'positional') problems.push(`"${token.value}" is unknown`);
  }
  const text = (name: string): string | undefined => {
    const value = values[name];
    if (value === true || value === '') problems.push(`--${name} needs a value`);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  return {
    text,
    number(name, preset, smallest, largest) {
      const value = text(name);
      if (value === undefined) return preset;
      const number = Number(value);
      if (/^\d+$/.test(value) && number >= smallest && number <= largest) return number;
      problems.push(`--${name} must be a whole number from ${smallest} to ${largest}, received "${value}"`);
      return preset;
    },
    choice(name, choices) {
      const value = text(name) ?? choices[0];
      const chosen = choices.find((choice) => choice === value);
      if (chosen === undefined)
        problems.push(`--${name} must be ${choices.join(' or ')}, received "${value}"`);
      return chosen ?? choices[0];
    },
    isSet(name) {
      if (typeof values[name] === 'string') problems.push(`--${name} takes no value`);
      return values[name] === true;
    },
    problem: (problem) => void problems.push(problem),
    finish() {
      if (problems.length === 0) return;
      const list = Object.entries(help).map(([name, words]) => `  --${name} ${words}`);
      throw new Error(`Cannot start: ${problems.join('; ')}. The flags are:\n${list.join('\n')}`);
    },
  };
}
