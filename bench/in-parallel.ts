/** Acts on each item, at most `width` at a time; the first error stops the rest and is thrown. */
export async function inParallel<T>(
  items: Iterable<T>,
  width: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]();
  let isStopped = false;
  const lane = async () => {
    for (let next = rest.next(); !next.done && !isStopped; next = rest.next()) {
      try {
        await act(next.value);
      } catch (error) {
        isStopped = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
}
