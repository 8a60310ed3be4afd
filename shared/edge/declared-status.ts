import type { ErrorCodeFacts } from '../error-codes.ts';
import { apiContract, metadataErrors, profileErrors } from '../model/api-contract.ts';

const stepsOf = (path: string) =>
  path
    .replace(/^\/|\/$/g, '')
    .toLowerCase()
    .split('/');

function isAt(template: string, path: string): boolean {
  const [wanted, steps] = [stepsOf(`crm/exporter/${template}`), stepsOf(path)];
  return (
    wanted.length === steps.length &&
    wanted.every((step, index) => (step === '{id}' ? steps[index] !== '' : step === steps[index]))
  );
}

/** The methods that a path, from the root, is answered for; empty when the API does not have it. */
export function methodsAt(path: string): readonly string[] {
  // DES: the challenge is no operation of the document, but a path of the service.
  if (isAt('aad/challenge', path)) return ['GET'];
  return [...new Set(apiContract.filter((one) => isAt(one.path, path)).map(({ method }) => method))];
}

/**
 * The status that may be answered on this route: one that the contract does not declare there becomes 400. Paths outside the
 * API may answer any.
 */
export function declaredStatus(
  status: ErrorCodeFacts['httpStatus'],
  method: string,
  path: string,
): ErrorCodeFacts['httpStatus'] {
  if (!/^\/crm\/exporter(\/|$)/i.test(path)) return status;
  const operation = apiContract.find((one) => one.method === method && isAt(one.path, path));
  const family = /^\/crm\/exporter\/metadata(\/|$)/i.test(path) ? metadataErrors : profileErrors;
  const declared: readonly number[] = operation?.errors ?? family;
  return declared.includes(status) ? status : 400;
}
