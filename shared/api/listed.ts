const mostNames = 20;

/** Names for a sentence, the first of very many. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, mostNames).map((name) => `"${name}"`);
  const more = names.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
