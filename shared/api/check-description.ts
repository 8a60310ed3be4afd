import type { ErrorCode } from '../error-codes.ts';
import { ServiceError } from '../errors.ts';
import type { ApiRequest } from '../model/api-request.ts';
import type { Organization } from '../model/organization.ts';
import type { DestinationFinding } from '../ports/destination.ts';
import { requireAccess } from './access.ts';
import type { ApiPorts } from './api-ports.ts';
import { tableFindings } from './exportable-tables.ts';
import { neighbourFindings } from './neighbours.ts';
import { type ProfileDescription, readProfileDescription } from './profile-description.ts';

/** More than anybody reads; the rest is counted. */
const problemsShown = 30;

function refusal(what: string, code: ErrorCode, problems: readonly string[]): ServiceError {
  const shown = problems.slice(0, problemsShown);
  const more = problems.length - shown.length;
  return new ServiceError(
    code,
    `Cannot ${what}: ${shown.join('; ')}${more > 0 ? `; and ${more} more problems` : ''}.`,
    { parameters: shown },
  );
}

/** A profile description that was found good, with the organization it is for. */
export interface CheckedDescription {
  readonly description: ProfileDescription;
  readonly organization: Organization;
  /** What is worth saying though it does not stand in the way. */
  readonly warnings: readonly DestinationFinding[];
}

/**
 * Reads the description in the request, lets only those pass who may manage its organization, and checks it against the
 * organization's tables and its other profiles. The vault and the destination are not asked.
 * Fails with all problems at once: with the code of the problem if there is one kind only, else `PROFILE_INVALID`.
 */
export async function checkDescription(
  request: ApiRequest,
  verb: 'create' | 'validate',
  ports: ApiPorts,
): Promise<CheckedDescription> {
  const { description, problems } = readProfileDescription(request.body, ports.secrets);
  const what = `${verb} profile ${description.name === '' ? 'without a name' : JSON.stringify(description.name.slice(0, 200))}`;
  if (description.organizationId === '') throw refusal(what, 'PROFILE_INVALID', problems);
  const organization = await ports.organizations.byId(description.organizationId);
  await requireAccess(request.caller, 'manage', organization.id, ports);
  const dataverse = await ports.organizations.dataverse(organization.id);
  const findings = [
    ...neighbourFindings(description, await ports.profiles.list(organization.id)),
    ...(await tableFindings(
      description.tables.map(({ name }) => name).filter((name) => name !== ''),
      dataverse,
    )),
  ];
  const errors = findings.filter(({ severity }) => severity === 'error');
  const codes = new Set(errors.map(({ code }) => code));
  const [code] = problems.length === 0 && codes.size === 1 ? codes : [];
  const sentences = [...problems, ...errors.map(({ message }) => message)];
  if (sentences.length > 0) throw refusal(what, code ?? 'PROFILE_INVALID', sentences);
  return { description, organization, warnings: findings.filter(({ severity }) => severity === 'warning') };
}
