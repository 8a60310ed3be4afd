import { ServiceError } from '../errors.ts';
import type { ApiRequest } from '../model/api-request.ts';
import { quoted } from './wire-members.ts';

/** Parameters that are true or false, in any case. Of these `status` may be absent; all others must be there. */
const truths: readonly string[] = ['isAuthorized', 'status'];
const optional: readonly string[] = ['status'];

function problemOf(name: string, value: string): string | undefined {
  if (value === '' && optional.includes(name)) return undefined;
  if (!truths.includes(name)) return value === '' ? `${name} is missing` : undefined;
  if (value === 'true' || value === 'false') return undefined;
  return `${name} must be "true" or "false", received ${value === '' ? 'nothing' : quoted(value)}`;
}

/**
 * The trimmed values of the query parameters that an operation takes: empty for one that may be absent, `true` and `false`
 * in lower case. `REQUEST_INVALID` tells all that are missing or not allowed.
 */
export function queryValues<Name extends string>(
  request: Pick<ApiRequest, 'query'>,
  ...names: Name[]
): Record<Name, string> {
  const values = names.map((name) => {
    const value = request.query[name.toLowerCase()]?.trim() ?? '';
    return [name, truths.includes(name) ? value.toLowerCase() : value] as const;
  });
  const wrong = values.flatMap(([name, value]) => {
    const problem = problemOf(name, value);
    return problem === undefined ? [] : [{ name, problem }];
  });
  if (wrong.length === 0) return Object.fromEntries(values) as Record<Name, string>;
  throw new ServiceError(
    'REQUEST_INVALID',
    `Cannot answer the request: in its query, ${wrong.map(({ problem }) => problem).join('; ')}.`,
    { parameters: wrong.map(({ name }) => name) },
  );
}
