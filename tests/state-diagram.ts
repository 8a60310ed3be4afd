/** The steps that a state diagram of a page draws, as `from --> to`, sorted; names with underscores for hyphens. */
export function drawnSteps(page: string, heading: string): string[] {
  const [, section = ''] = page.split(`## ${heading}\n`);
  const [, diagram = ''] = /```mermaid\nstateDiagram-v2\n([\s\S]*?)```/.exec(section) ?? [];
  const steps = [...diagram.matchAll(/^ {2}([a-z_]+) --> ([a-z_]+)(?::|$)/gm)];
  return steps.map(([, from = '', to = '']) => `${from} --> ${to}`.replaceAll('_', '-')).sort();
}

/** The steps between states that the code allows, in the same form. */
export function allowedSteps<State extends string>(
  states: readonly State[],
  canBecome: (from: State, to: State) => boolean,
): string[] {
  const pairs = states.flatMap((from) => states.map((to) => [from, to] as const));
  return pairs
    .filter(([from, to]) => from !== to && canBecome(from, to))
    .map(([from, to]) => `${from} --> ${to}`)
    .sort();
}
