import type { AutomationRouteName } from '../../model/automation-api/contract.ts';
import type { AutomationAnswer, AutomationRequest } from '../../model/automation-api/request.ts';
import { ignoreFailures, retouchFailures, retryFailures } from './change-failures.ts';
import { activateProfile, createProfile, deactivateProfile } from './change-profiles.ts';
import { getFailure, listFailures } from './read-failures.ts';
import { getOperation, listFindings, listOperations } from './read-operations.ts';
import type { RequestPorts, UseCase } from './request-ports.ts';

const useCases: Readonly<Record<AutomationRouteName, UseCase>> = {
  'profiles-create': createProfile,
  'profiles-activate': activateProfile,
  'profiles-deactivate': deactivateProfile,
  'failures-list': listFailures,
  'failures-get': getFailure,
  'failures-retouch': retouchFailures,
  'failures-retry': retryFailures,
  'failures-ignore': ignoreFailures,
  'operations-list': listOperations,
  'operations-get': getOperation,
  'findings-list': listFindings,
};

/** The use cases by the names of their routes, bound to their ports. */
export type AutomationRequests = Readonly<
  Record<AutomationRouteName, (request: AutomationRequest) => Promise<AutomationAnswer>>
>;

export function automationRequests(ports: RequestPorts): AutomationRequests {
  const bound = Object.entries(useCases).map(([name, useCase]) => [
    name,
    (request: AutomationRequest) => useCase(request, ports),
  ]);
  return Object.fromEntries(bound) as AutomationRequests;
}
