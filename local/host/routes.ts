/** One step of a route template between two slashes. */
type Segment =
  | { kind: 'literal'; text: string }
  | { kind: 'parameter'; name: string; constraint?: RegExp; isOptional: boolean }
  | { kind: 'rest'; name: string };

export type Route<T> = {
  readonly segments: readonly Segment[];
  readonly methods: readonly string[];
  readonly target: T;
};

/** Constraints of ASP.NET that route templates here may use. */
const constraints: Record<string, RegExp> = {
  guid: /^[{(]?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}[)}]?$/i,
  int: /^-?\d{1,10}$/,
  long: /^-?\d{1,19}$/,
  bool: /^(true|false)$/i,
  alpha: /^[a-z]+$/i,
};

/** Reads a template such as `profiles/{id:guid}/{action?}` or `files/{*path}`. */
export function compileRoute<T>(template: string, methods: readonly string[], target: T): Route<T> {
  const segments = template
    .split('/')
    .filter((part) => part !== '')
    .map((part) => compileSegment(template, part));
  return { segments, methods: methods.map((method) => method.toUpperCase()), target };
}

function compileSegment(template: string, part: string): Segment {
  if (!/[{}]/.test(part)) return { kind: 'literal', text: part.toLowerCase() };
  const found = /^\{(\*{0,2})(\w+)(?::(\w+))?(\?)?\}$/.exec(part);
  const constraint = found?.[3] === undefined ? undefined : constraints[found[3].toLowerCase()];
  if (!found?.[2] || (found[3] !== undefined && !constraint)) {
    const allowed = Object.keys(constraints).join(', ');
    throw new Error(
      `Cannot read route "${template}": "${part}" is unknown; constraints allowed here: ${allowed}.`,
    );
  }
  if (found[1]) return { kind: 'rest', name: found[2] };
  return {
    kind: 'parameter',
    name: found[2],
    isOptional: found[4] === '?',
    ...(constraint ? { constraint } : {}),
  };
}

/**
 * The route that answers, most specific first as in ASP.NET: literal, constrained parameter, parameter, rest.
 * Literals match in any case; parameters are decoded. A path that does not decode matches nothing.
 */
export function matchRoute<T>(
  routes: readonly Route<T>[],
  method: string,
  path: string,
): { target: T; params: Record<string, string> } | undefined {
  let parts: string[];
  try {
    parts = path
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
  } catch {
    return undefined;
  }
  return routes
    .filter((route) => route.methods.includes(method))
    .map((route) => ({ route, params: matchSegments(route.segments, parts) }))
    .filter(
      (match): match is { route: Route<T>; params: Record<string, string> } => match.params !== undefined,
    )
    .map(({ route, params }) => ({ target: route.target, params, rank: rank(route.segments) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))[0];
}

function matchSegments(
  segments: readonly Segment[],
  parts: readonly string[],
): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const part = parts[index];
    if (segment.kind === 'rest') {
      const rest = parts.slice(index).join('/');
      return rest === '' ? params : { ...params, [segment.name]: rest };
    }
    if (part === undefined) {
      if (segment.kind === 'parameter' && segment.isOptional) continue;
      return undefined;
    }
    if (segment.kind === 'literal' && segment.text !== part.toLowerCase()) return undefined;
    if (segment.kind === 'parameter') {
      if (segment.constraint && !segment.constraint.test(part)) return undefined;
      params[segment.name] = part;
    }
  }
  return parts.length > segments.length ? undefined : params;
}

function rank(segments: readonly Segment[]): string {
  const digit = (segment: Segment) => {
    if (segment.kind === 'literal') return '1';
    if (segment.kind === 'rest') return '4';
    return segment.constraint ? '2' : '3';
  };
  return segments.map(digit).join('');
}
