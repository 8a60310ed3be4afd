import { asNamed, asServiceError, hasCode, ServiceError } from '../../errors.ts';
import type { Organization } from '../../model/organization.ts';
import type { Dataverse, Organizations } from '../../ports/dataverse.ts';
import type { Log } from '../../ports/log.ts';
import { type DataverseOptions, dataverse } from './dataverse.ts';

/** The configured organizations: their URLs, and what all of them are called with. */
export interface OrganizationsOptions extends Omit<DataverseOptions, 'origin'> {
  readonly urls: readonly string[];
  readonly log: Log;
}

interface Known {
  readonly organization: Organization;
  readonly dataverse: Dataverse;
}

/**
 * The organizations at these URLs. Each is asked for its id once a process, again while it cannot be reached; one that
 * cannot be reached is left out of the list (with a warning) and does not stand in the way of the others.
 */
export function organizations({ urls, log, ...shared }: OrganizationsOptions): Organizations {
  const byOrigin = new Map<string, Dataverse>();
  for (const url of urls) {
    const { origin } = new URL(url);
    byOrigin.set(origin, dataverse({ ...shared, origin }));
  }

  const learnt = new Map<string, Known>();

  async function learn(one: Dataverse): Promise<Known> {
    const organization = await one.organization();
    const known = { organization, dataverse: one };
    learnt.set(organization.id, known);
    return known;
  }

  async function withId(organizationId: string): Promise<Known> {
    const id = organizationId.toLowerCase();
    const known = learnt.get(id);
    if (known !== undefined) return known;
    const searches = [...byOrigin.values()].map(async (one) => {
      const { organization, dataverse } = await learn(one);
      if (organization.id !== id) throw unknownOrganization(organizationId);
      return { organization, dataverse };
    });
    try {
      return await Promise.any(searches);
    } catch (error) {
      const failures: readonly unknown[] = (error as AggregateError).errors;
      const unanswered = failures.filter((failure) => !hasCode(failure, 'ORGANIZATION_UNKNOWN'));
      if (unanswered.length === 0) throw unknownOrganization(organizationId);
      // As long as one has not answered, nobody knows that the id is none of ours.
      const sentence = `Cannot find organization "${asNamed(organizationId)}": not all that this service replicates can be asked for their ids; they must be asked again.`;
      throw withoutNames(unanswered, sentence);
    }
  }

  /**
   * The failures name organizations that the caller may be no member of: only the log tells them. A single organization is
   * no secret, and whoever reads why a table waits wants to know.
   */
  function withoutNames(failures: readonly unknown[], sentence: string): ServiceError {
    const errors = failures.map(asServiceError);
    if (byOrigin.size === 1) return errors[0] as ServiceError;
    for (const { message } of errors) log.warn(message);
    const { code, retryAfterSeconds } = errors[0] as ServiceError;
    return new ServiceError(code, sentence, {
      cause: failures[0],
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    });
  }

  return {
    async all() {
      const answers = await Promise.allSettled([...byOrigin.values()].map(learn));
      const failures = answers.filter((answer) => answer.status === 'rejected').map(({ reason }) => reason);
      if (failures.length === answers.length)
        throw withoutNames(
          failures,
          'Cannot list the organizations: none can be asked; the log says why of each.',
        );
      for (const failure of failures) log.warn(asServiceError(failure).message);
      return answers.filter((answer) => answer.status === 'fulfilled').map(({ value }) => value.organization);
    },
    byId: async (organizationId) => (await withId(organizationId)).organization,
    byUrl: async (organizationUrl) => {
      const origin = URL.parse(organizationUrl)?.origin;
      const match = origin === undefined ? undefined : byOrigin.get(origin);
      if (match === undefined) throw unknownOrganization(organizationUrl);
      return match.organization();
    },
    dataverse: async (organizationId) => (await withId(organizationId)).dataverse,
  };
}

function unknownOrganization(text: string): ServiceError {
  const name = asNamed(text);
  return new ServiceError(
    'ORGANIZATION_UNKNOWN',
    `Cannot find organization "${name}": it is none of those that this service replicates; see metadata/organizations.`,
    { parameters: [name] },
  );
}
