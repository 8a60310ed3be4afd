/** A part of a list; `continuation` asks for the next one, and is absent at the end. */
export interface ListPart<T> {
  readonly items: readonly T[];
  readonly continuation?: string;
}

/** The part that one more item than asked for tells the continuation of: the key of its last item. */
export function listPart<T>(found: readonly T[], limit: number, keyOf: (item: T) => string): ListPart<T> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return found.length > limit && last !== undefined ? { items, continuation: keyOf(last) } : { items };
}
