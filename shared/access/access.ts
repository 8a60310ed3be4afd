import { ServiceError } from '../errors.ts';
import type { AppRole, Caller } from '../model/caller.ts';
import type { Organizations } from '../ports/dataverse.ts';
import type { Log } from '../ports/log.ts';

/** Who asks Dataverse, and where it is written that it did not answer. */
export interface AccessPorts {
  readonly organizations: Organizations;
  readonly log: Log;
}

/** `manage`: everything; `watch`: reading profiles, their status and their failures; `operate`: what the automation does. */
export type Need = 'manage' | 'watch' | 'operate';

const permittedRoles: Record<Need, readonly AppRole[]> = {
  manage: ['Profiles.Manage'],
  watch: ['Profiles.Manage', 'Automation.Operate'],
  operate: ['Profiles.Manage', 'Automation.Operate'],
};

const covers = (roles: readonly AppRole[], need: Need) =>
  roles.some((role) => permittedRoles[need].includes(role));

/** What Dataverse says; no answer is a no, with the reason in the log. */
async function isConfirmed(question: () => Promise<boolean>, { log }: AccessPorts): Promise<boolean> {
  try {
    return await question();
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    log.warn(`Cannot see who the caller is, so access is refused: ${error.message}`);
    return false;
  }
}

/** Whether the caller is System Administrator of the organization, or an application whose app role covers the need. */
export async function isPermitted(
  caller: Caller,
  need: Need,
  organizationId: string,
  ports: AccessPorts,
): Promise<boolean> {
  if (caller.kind === 'application') return covers(caller.roles, need);
  return isConfirmed(async () => {
    const dataverse = await ports.organizations.dataverse(organizationId);
    return dataverse.isSystemAdministrator(caller.objectId);
  }, ports);
}

/** True as soon as one is: nobody waits for an organization that is down when another lets them in. */
function isAnyTrue(answers: readonly Promise<boolean>[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    for (const answer of answers)
      answer.then((isTrue) => {
        if (isTrue) resolve(true);
      }, reject);
    Promise.all(answers).then(() => resolve(false), reject);
  });
}

/** The same of any organization that is served but the one that was asked already; an app role covers all of them. */
export async function isPermittedElsewhere(
  caller: Caller,
  need: Need,
  organizationId: string | undefined,
  ports: AccessPorts,
): Promise<boolean> {
  if (caller.kind === 'application') return covers(caller.roles, need);
  return isConfirmed(async () => {
    const others = (await ports.organizations.all()).filter(({ id }) => id !== organizationId);
    return isAnyTrue(others.map(({ id }) => isPermitted(caller, need, id, ports)));
  }, ports);
}

/** DES: clients of `discover` look for the words "failed authorization" in the refusal. */
export function notAllowed(caller: Caller, need: Need, what: string, parameter: string): ServiceError {
  const expected =
    caller.kind === 'user'
      ? 'a System Administrator of the organization'
      : `the app role ${permittedRoles[need].join(' or ')}`;
  return new ServiceError(
    'REQUEST_NOT_ALLOWED',
    `Cannot use ${what}: the caller failed authorization; expected ${expected}.`,
    { parameters: [parameter] },
  );
}

/** Whether the organization may be named to the caller: to its enabled users, and to applications with any app role. */
export async function canSee(caller: Caller, organizationId: string, ports: AccessPorts): Promise<boolean> {
  if (caller.kind === 'application') return caller.roles.length > 0;
  return isConfirmed(async () => {
    const dataverse = await ports.organizations.dataverse(organizationId);
    return dataverse.isEnabledUser(caller.objectId);
  }, ports);
}

/**
 * The organizations that the caller may use; undefined for applications: all. `REQUEST_NOT_ALLOWED` when there is none. One
 * that cannot be asked now is left out.
 */
export async function permittedOrganizations(
  caller: Caller,
  need: Need,
  what: string,
  ports: AccessPorts,
): Promise<ReadonlySet<string> | undefined> {
  if (caller.kind === 'application') {
    if (covers(caller.roles, need)) return undefined;
    throw notAllowed(caller, need, what, what);
  }
  const all = await ports.organizations.all();
  const answers = await Promise.all(
    all.map(async ({ id }) => ((await isPermitted(caller, need, id, ports)) ? [id] : [])),
  );
  const permitted = new Set(answers.flat());
  if (permitted.size === 0) throw notAllowed(caller, need, what, what);
  return permitted;
}
