import { ServiceError } from '../errors.ts';
import type { ApiRequest } from '../model/api-request.ts';

/** Parameters that know few values; their case does not matter. */
const allowedValues: Readonly<Record<string, readonly string[]>> = { isAuthorized: ['true', 'false'] };

function problemOf(name: string, value: string): string | undefined {
  if (value === '') return `has no ${name}`;
  const allowed = allowedValues[name];
  if (allowed === undefined || allowed.includes(value.toLowerCase())) return undefined;
  return `has an unknown ${name}`;
}

function expectationOf(name: string): string {
  const allowed = allowedValues[name];
  return allowed === undefined ? name : `${name} (${allowed.map((value) => `"${value}"`).join(' or ')})`;
}

/** The values of query parameters that must be there; `REQUEST_INVALID` names all that are missing or not allowed. */
export function requiredQuery<Name extends string>(
  request: Pick<ApiRequest, 'query'>,
  ...names: Name[]
): Record<Name, string> {
  const values = names.map((name) => [name, request.query[name.toLowerCase()]?.trim() ?? ''] as const);
  const wrong = values.filter(([name, value]) => problemOf(name, value) !== undefined);
  if (wrong.length > 0)
    throw new ServiceError(
      'REQUEST_INVALID',
      `Cannot answer the request: the query ${wrong.map(([name, value]) => problemOf(name, value)).join(' and ')}; expected ${names.map(expectationOf).join(' and ')}.`,
      { parameters: wrong.map(([name]) => name) },
    );
  return Object.fromEntries(values) as Record<Name, string>;
}

/** Whether `status=true`; absent or empty means no. */
export function wantsStatus(request: Pick<ApiRequest, 'query'>): boolean {
  const value = request.query.status?.trim().toLowerCase() ?? '';
  if (value === 'true') return true;
  if (value === 'false' || value === '') return false;
  throw new ServiceError(
    'REQUEST_INVALID',
    'Cannot answer the request: the query parameter status is neither "true" nor "false".',
    { parameters: ['status'] },
  );
}
