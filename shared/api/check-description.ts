import type { ErrorCode } from '../error-codes.ts';
import { ServiceError } from '../errors.ts';
import type { ApiRequest } from '../model/api-request.ts';
import type { Organization } from '../model/organization.ts';
import type { Profile } from '../model/profile.ts';
import type { DestinationFinding } from '../ports/destination.ts';
import type { ApiPorts } from './api-ports.ts';
import { tableFindings } from './exportable-tables.ts';
import { neighbourFindings } from './neighbours.ts';
import { permittedOrganization } from './permitted-organization.ts';
import {
  type ParsedDescription,
  type ParsedDocument,
  type ProfileDescription,
  readProfileDescription,
} from './profile-description.ts';
import { refusedChanges, updateOf } from './refused-changes.ts';

/** More than anybody reads; the rest is counted. */
const problemsShown = 30;

/** Tells all problems at once; the first of very many. */
export function refusal(what: string, code: ErrorCode, problems: readonly string[]): ServiceError {
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

/** A parsed description, the other profiles of its organization, and what else is known to stand in its way. */
interface Proposal extends ParsedDescription {
  readonly what: string;
  readonly organizationId: string;
  readonly others: readonly Profile[];
  readonly known?: readonly DestinationFinding[];
}

/**
 * Fails with all problems at once: with the code of the problem if there is one kind only, else `PROFILE_INVALID`.
 * Resolves to what is worth saying though it does not stand in the way.
 */
async function requireNoProblems(
  { what, description, problems, organizationId, others, known = [] }: Proposal,
  { organizations }: ApiPorts,
): Promise<readonly DestinationFinding[]> {
  const dataverse = await organizations.dataverse(organizationId);
  const findings = [
    ...known,
    ...neighbourFindings(description, others),
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
  return findings.filter(({ severity }) => severity === 'warning');
}

/**
 * Checks the whole new document of a profile as that of a new one would be, and that it leaves alone what it must.
 * The profile itself is no neighbour of its own. Whether it is still the profile's version is not looked at.
 */
export async function checkDocument(
  profile: Profile,
  { description, problems }: ParsedDocument,
  ports: ApiPorts,
): Promise<void> {
  const { id, organizationId } = profile;
  const isRead = (member: string) => !problems.some((problem) => problem.startsWith(`${member} `));
  const known = refusedChanges(profile, description)
    .filter(({ member }) => isRead(member))
    .map(
      ({ sentence }) => ({ severity: 'error', code: 'PROFILE_CHANGE_REFUSED', message: sentence }) as const,
    );
  const others = (await ports.profiles.list(organizationId)).filter((other) => other.id !== id);
  const what = updateOf(profile);
  await requireNoProblems({ what, description, problems, organizationId, others, known }, ports);
}

/**
 * Reads the description in the request, lets only those pass who may manage its organization, and checks it against the
 * organization's tables and its other profiles. The vault and the destination are not asked.
 */
export async function checkDescription(
  request: ApiRequest,
  verb: 'create' | 'validate',
  ports: ApiPorts,
): Promise<CheckedDescription> {
  const { description, problems } = readProfileDescription(request.body, ports.secrets);
  const what = `${verb} profile ${description.name === '' ? 'without a name' : JSON.stringify(description.name.slice(0, 200))}`;
  if (description.organizationId === '') throw refusal(what, 'PROFILE_INVALID', problems);
  const organization = await permittedOrganization(request.caller, 'manage', description, ports);
  const others = await ports.profiles.list(organization.id);
  const proposal = { what, description, problems, organizationId: organization.id, others };
  return { description, organization, warnings: await requireNoProblems(proposal, ports) };
}
