import { ServiceError } from '../errors.ts';
import type { AppRole, Caller } from '../model/caller.ts';
import type { Dataverse } from '../ports/dataverse.ts';
import type { ApiPorts } from './api-ports.ts';

type AccessPorts = Pick<ApiPorts, 'organizations' | 'log'>;

/** `manage`: everything; `watch`: reading profiles, their status and their failures. */
export type Need = 'manage' | 'watch';

const permittedRoles: Record<Need, readonly AppRole[]> = {
  manage: ['Profiles.Manage'],
  watch: ['Profiles.Manage', 'Automation.Operate'],
};

/** Asks Dataverse; no answer is a no, with the reason in the log. */
async function isConfirmed(
  question: (dataverse: Dataverse) => Promise<boolean>,
  organizationId: string,
  { organizations, log }: AccessPorts,
): Promise<boolean> {
  try {
    return await question(await organizations.dataverse(organizationId));
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code === 'ORGANIZATION_UNKNOWN') throw error;
    log.warn(
      `Cannot see who the caller is in organization "${organizationId}", so access is refused: ${error.message}`,
    );
    return false;
  }
}

/**
 * Lets System Administrators of the organization pass, and applications whose app role covers the need.
 * DES: clients of `discover` look for the words "failed authorization" in the refusal.
 */
export async function requireAccess(
  caller: Caller,
  need: Need,
  organizationId: string,
  ports: AccessPorts,
): Promise<void> {
  const roles = permittedRoles[need];
  const isAllowed =
    caller.kind === 'application'
      ? caller.roles.some((role) => roles.includes(role))
      : await isConfirmed(
          (dataverse) => dataverse.isSystemAdministrator(caller.objectId),
          organizationId,
          ports,
        );
  if (isAllowed) return;
  throw new ServiceError(
    'REQUEST_NOT_ALLOWED',
    `Cannot use organization "${organizationId}": the caller failed authorization; expected ${
      caller.kind === 'user' ? 'a System Administrator of it' : `the app role ${roles.join(' or ')}`
    }.`,
    { parameters: [organizationId] },
  );
}

/** Whether the organization may be named to the caller: to its enabled users, and to applications with any app role. */
export async function canSee(caller: Caller, organizationId: string, ports: AccessPorts): Promise<boolean> {
  if (caller.kind === 'application') return caller.roles.length > 0;
  return isConfirmed((dataverse) => dataverse.isEnabledUser(caller.objectId), organizationId, ports);
}
