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
 * The first of the routes that fits: the real host ranks them by nothing but the names of their functions, in which order
 * they are to be given. Literals match in any case; a step that is empty matches only what is left to a rest.
 */
export function matchRoute<T>(
  routes: readonly Route<T>[],
  method: string,
  path: string,
): { target: T; params: Record<string, string> } | undefined {
  const parts = path.replace(/^\//, '').split('/').map(decodedSegment);
  for (const { methods, segments, target } of routes) {
    const params = methods.includes(method) ? matchSegments(segments, parts) : undefined;
    if (params) return { target, params };
  }
  return undefined;
}

/** As Kestrel decodes a path: an escaped slash and what is no UTF-8 stay as they are. */
export function decodedSegment(part: string): string {
  return part.replace(/(%[0-9a-f]{2})+/gi, (escaped) => {
    try {
      return decodeURIComponent(escaped.replace(/%(2f)/gi, '%25$1'));
    } catch {
      return escaped;
    }
  });
}

function matchSegments(
  segments: readonly Segment[],
  parts: readonly string[],
): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  const steps = parts.at(-1) === '' ? parts.slice(0, -1) : parts;
  for (const [index, segment] of segments.entries()) {
    const part = steps[index];
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
      if (part === '') return undefined;
      if (segment.constraint && !segment.constraint.test(part)) return undefined;
      params[segment.name] = part;
    }
  }
  return steps.length > segments.length ? undefined : params;
}
