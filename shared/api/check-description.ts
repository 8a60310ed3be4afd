import { permittedOrganization } from '../access/permitted-organization.ts';
import { type ErrorCode, errorCodes } from '../error-codes.ts';
import { asNamed, ServiceError } from '../errors.ts';
import type { ApiRequest } from '../model/api-request.ts';
import type { Finding } from '../model/finding.ts';
import type { Organization } from '../model/organization.ts';
import type { Profile } from '../model/profile.ts';
import type { ApiPorts } from './api-ports.ts';
import { tableFindings } from './exportable-tables.ts';
import { neighbourFindings } from './neighbours.ts';
import {
  type ParsedDescription,
  type ParsedDocument,
  type ProfileDescription,
  readProfileDescription,
} from './profile-description.ts';
import { refusedChanges, updateOf } from './refused-changes.ts';
import { type Problem, sentencesOf } from './wire-members.ts';

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

/** A description that was read, what is wrong with it in itself, and the other profiles of its organization. */
interface Proposal extends ParsedDescription {
  /** Completes "Cannot ...". */
  readonly what: string;
  readonly others: readonly Profile[];
}

const findingsOf = (code: ErrorCode, problems: readonly Problem[]): readonly Finding[] =>
  problems.map(({ sentence }) => ({ severity: 'error', code, message: sentence }));

/** What is wrong with a description in itself and beside its neighbours; its tables are not looked at. */
export function descriptionFindings({
  description,
  problems,
  others,
}: Omit<Proposal, 'what'>): readonly Finding[] {
  return [...findingsOf('PROFILE_INVALID', problems), ...neighbourFindings(description, others)];
}

/** Codes that `create` refuses a description with. */
const codesOfDescription: ReadonlySet<ErrorCode | undefined> = new Set<ErrorCode>([
  'PROFILE_INVALID',
  'PROFILE_NAME_TAKEN',
  'PROFILE_CHANGE_REFUSED',
  'TABLE_UNKNOWN',
  'TABLE_NOT_EXPORTABLE',
  'DATAVERSE_TRACKING_OFF',
]);

/**
 * The code for all of several problems: that of the description if there is one kind only, `PROFILE_INVALID` for several
 * kinds, `PROFILE_TEST_FAILED` when there is more than the description wrong.
 */
export function codeOfProblems(errors: readonly Finding[]): ErrorCode {
  const codes = new Set(errors.map(({ code }) => code));
  if ([...codes].some((code) => !codesOfDescription.has(code))) return 'PROFILE_TEST_FAILED';
  const [code = 'PROFILE_INVALID'] = codes.size === 1 ? codes : [];
  return code;
}

/** Fails with all problems at once, with the code for all of them. */
async function requireNoProblems(
  { what, ...proposal }: Proposal,
  organizationId: string,
  { organizations }: ApiPorts,
  refused: readonly Finding[] = [],
): Promise<void> {
  const dataverse = await organizations.dataverse(organizationId);
  const names = proposal.description.tables.map(({ name }) => name);
  const findings = [...descriptionFindings(proposal), ...refused, ...(await tableFindings(names, dataverse))];
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return;
  const common = codeOfProblems(errors);
  // The answer tells the cure of its own code; the others are told beside their problems.
  const sentences = errors.map(({ code = common, message }) =>
    code === common ? message : `${message} (${errorCodes[code].cure})`,
  );
  throw refusal(what, common, sentences);
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
  const unread = new Set(problems.map(({ member }) => member));
  const isRead = (member: string) => !unread.has('') && !unread.has(member);
  const changes = refusedChanges(profile, description).filter(({ member }) => isRead(member));
  const refused = findingsOf('PROFILE_CHANGE_REFUSED', changes);
  const others = (await ports.profiles.list(organizationId)).filter((other) => other.id !== id);
  const proposal = { what: updateOf(profile), description, problems, others };
  await requireNoProblems(proposal, organizationId, ports, refused);
}

/**
 * Reads the description in the request and lets only those pass who may manage its organization, which has to have
 * answered once: until then nobody knows that it is one of ours.
 */
export async function readProposal(
  request: ApiRequest,
  verb: 'create' | 'validate',
  ports: ApiPorts,
): Promise<Proposal & { readonly organization: Organization }> {
  const { description, problems } = readProfileDescription(request.body, ports.secrets);
  const what = `${verb} profile ${description.name === '' ? 'without a name' : JSON.stringify(asNamed(description.name))}`;
  if (description.organizationId === '') throw refusal(what, 'PROFILE_INVALID', sentencesOf(problems));
  const organization = await permittedOrganization(request.caller, 'manage', description, ports);
  const others = await ports.profiles.list(organization.id);
  return { what, description, problems, others, organization };
}

/**
 * A description for a new profile that was found good: in itself, against the organization's tables and its other
 * profiles. The vault and the destination are not asked.
 */
export async function checkDescription(
  request: ApiRequest,
  ports: ApiPorts,
): Promise<{ readonly description: ProfileDescription; readonly organization: Organization }> {
  const { organization, ...proposal } = await readProposal(request, 'create', ports);
  await requireNoProblems(proposal, organization.id, ports);
  return { description: proposal.description, organization };
}
