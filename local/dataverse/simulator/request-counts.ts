/** Counts Web API calls by method and route; ids are left out of the route, so that the list stays short. */
export function requestCounts() {
  const counts = new Map<string, number>();
  return {
    count(method: string, path: string): void {
      const route = `${method} ${path.replace(/^\/api\/data\/v[\d.]+\//, '').replace(/\([^)]*\)/g, '()')}`;
      if (counts.size < 1000 || counts.has(route)) counts.set(route, (counts.get(route) ?? 0) + 1);
    },
    all: () => Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}
