import type { HttpRequest } from '@azure/functions';

/**
 * A parameter of the route; `name` in lower case. The host puts the members of a JSON body and of the query among them:
 * the route's value wins, but under the spelling that came first. For a parameter that the route does not have, the value
 * is the caller's.
 */
export function routeParameter({ params }: Pick<HttpRequest, 'params'>, name: string): string | undefined {
  return Object.entries(params).find(([spelled]) => spelled.toLowerCase() === name)?.[1];
}
