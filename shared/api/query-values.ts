import { ServiceError } from '../errors.ts';
import type { ApiRequest } from '../model/api-request.ts';

/** The values of query parameters that must be there; `REQUEST_INVALID` names all that are missing. */
export function requiredQuery<Name extends string>(
  request: Pick<ApiRequest, 'query'>,
  ...names: Name[]
): Record<Name, string> {
  const values = names.map((name) => [name, request.query[name.toLowerCase()]?.trim() ?? ''] as const);
  const missing = values.filter(([, value]) => value === '').map(([name]) => name);
  if (missing.length > 0)
    throw new ServiceError(
      'REQUEST_INVALID',
      `Cannot answer the request: the query has no ${missing.join(' and no ')}; expected ${names.join(' and ')}.`,
      { parameters: missing },
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
