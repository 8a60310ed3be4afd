import { ServiceError } from '../errors.ts';
import type { Organization } from '../model/organization.ts';
import type { ApiPorts } from './api-ports.ts';

type PrivacyPorts = Pick<ApiPorts, 'privacyTerms' | 'arePrivacyTermsRequired'>;

/** DES: old clients never ask for the terms, so they are needed only where a setting says so. */
export async function requirePrivacyTerms(
  organization: Pick<Organization, 'id'>,
  ports: PrivacyPorts,
): Promise<void> {
  if (!ports.arePrivacyTermsRequired) return;
  const answer = await ports.privacyTerms.latest(organization.id);
  if (answer?.isAccepted) return;
  const happened = answer === undefined ? 'nobody has accepted' : `"${answer.answeredBy}" refused`;
  throw new ServiceError(
    'PRIVACY_TERMS_NOT_ACCEPTED',
    `Cannot export data of organization "${organization.id}": ${happened} its privacy terms; they must be accepted first.`,
    { parameters: [organization.id] },
  );
}
