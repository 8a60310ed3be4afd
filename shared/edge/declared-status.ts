import type { ErrorCodeFacts } from '../error-codes.ts';
import { apiContract, metadataErrors, profileErrors } from '../model/api-contract.ts';
import { automationContract } from '../model/automation-api/contract.ts';

const base = 'crm/exporter/';

const stepsOf = (path: string) =>
  path
    .replace(/^\/|\/$/g, '')
    .toLowerCase()
    .split('/');

/** Whether a path, from the root, is one of the template. */
function isAt(template: string, path: string): boolean {
  const [wanted, steps] = [stepsOf(template), stepsOf(path)];
  return (
    wanted.length === steps.length &&
    wanted.every((step, index) => (step.startsWith('{') ? steps[index] !== '' : step === steps[index]))
  );
}

/** The methods that a path, from the root, is answered for; empty when the API does not have it. */
export function methodsAt(path: string): readonly string[] {
  // DES: the challenge is no operation of the document, but a path of the service.
  if (isAt(`${base}aad/challenge`, path)) return ['GET'];
  if (isAt('automation/openapi.json', path)) return ['GET'];
  const routes = [...apiContract.map((one) => ({ ...one, path: base + one.path })), ...automationContract];
  return [...new Set(routes.filter((one) => isAt(one.path, path)).map(({ method }) => method))];
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
  const operation = apiContract.find((one) => one.method === method && isAt(base + one.path, path));
  const family = /^\/crm\/exporter\/metadata(\/|$)/i.test(path) ? metadataErrors : profileErrors;
  const declared: readonly number[] = operation?.errors ?? family;
  return declared.includes(status) ? status : 400;
}
