import { asNamed, ServiceError } from '../../errors.ts';
import { findingsQuerySchema, operationsQuerySchema } from '../../model/automation-api/forms.ts';
import { readQuery } from '../../model/automation-api/read-form.ts';
import type { HealthFinding } from '../../model/health-finding.ts';
import { type ListPart, listPart } from '../../model/list-part.ts';
import { newestFirstKey } from '../../model/newest-first-key.ts';
import { type Operation, operationIdForm, subjectOf } from '../../model/operation.ts';
import { listed, ok, shown } from './accept.ts';
import { organizationFilter, profileFor, requireOrganization } from './permitted.ts';
import type { RequestPorts, UseCase } from './request-ports.ts';

/** What was asked for, newest first, as far as the caller may use the organization that it is about. */
export const listOperations: UseCase = async ({ caller, query }, ports) => {
  const { limit, continuation, state, profileId } = readQuery(operationsQuerySchema, query);
  if (profileId !== undefined) await profileFor(caller, profileId, ports);
  const isPermitted = await organizationFilter(caller, ports);
  const organizations = caller.kind === 'user' ? await organizationsOfProfiles(ports) : new Map();
  const isWanted = (operation: Operation) => {
    const subject = subjectOf(operation);
    return (
      (state === undefined || operation.state === state) &&
      (profileId === undefined || subject.profileId === profileId) &&
      isPermitted(subject.organizationId ?? organizations.get(subject.profileId ?? ''))
    );
  };
  const { items, ...rest } = await filled(ports, limit, continuation, isWanted);
  return ok({ items: items.map(listed), ...rest });
};

async function organizationsOfProfiles({ exporter }: RequestPorts): Promise<ReadonlyMap<string, string>> {
  const profiles = await exporter.profiles();
  return new Map(profiles.map(({ id, organizationId }) => [id, organizationId]));
}

export const getOperation: UseCase = async ({ caller, id = '' }, ports) => {
  const operation = operationIdForm.test(id) ? await ports.operations.get(id) : undefined;
  const notFound = () =>
    new ServiceError(
      'OPERATION_NOT_FOUND',
      `Cannot find operation ${JSON.stringify(asNamed(id).slice(0, 80))}: there is none with this id, or it was deleted.`,
    );
  const organizationId = operation && (await organizationOf(operation, ports));
  await requireOrganization(caller, organizationId, notFound, ports);
  if (operation) return ok(shown(operation));
  throw notFound();
};

async function organizationOf(operation: Operation, { exporter }: RequestPorts): Promise<string | undefined> {
  const { organizationId, profileId } = subjectOf(operation);
  if (organizationId !== undefined || profileId === undefined) return organizationId;
  return (await exporter.profile(profileId))?.organizationId;
}

/** What is, or was, wrong with profiles of the caller's organizations, newest first. */
export const listFindings: UseCase = async ({ caller, query }, ports) => {
  const { limit, continuation, ...filter } = readQuery(findingsQuerySchema, query);
  if (filter.profileId !== undefined) await profileFor(caller, filter.profileId, ports);
  const isPermitted = await organizationFilter(caller, ports);
  const page = {
    limit,
    continuation,
    isShown: (finding: HealthFinding) => isPermitted(finding.organizationId),
  };
  const { findings, ...rest } = await ports.findings.list(filter, page);
  return ok({ items: findings, ...rest });
};

/** More are not looked at for one answer; it may then be short, and its continuation leads on. */
const mostParts = 20;
const leastOfPart = 100;
const lengthOfTime = newestFirstKey(new Date(0).toISOString()).length;

/**
 * The part of the operations that are wanted. Its continuation is the id of an operation in it; without any, it tells how far
 * was looked by the time alone, since the id may be of another organization. So many parts are never of one millisecond.
 */
async function filled(
  { operations }: RequestPorts,
  limit: number,
  continuation: string | undefined,
  isWanted: (operation: Operation) => boolean,
): Promise<ListPart<Operation>> {
  const found: Operation[] = [];
  let next = continuation;
  for (let parts = 0; parts < mostParts && found.length <= limit; parts++) {
    const part = await operations.list(Math.max(limit, leastOfPart), next);
    found.push(...part.items.filter(isWanted));
    next = part.continuation;
    if (next === undefined) break;
  }
  if (next === undefined || found.length > limit) return listPart(found, limit, ({ id }) => id);
  return { items: found, continuation: found.at(-1)?.id ?? next.slice(0, lengthOfTime) };
}
