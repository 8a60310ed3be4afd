import { ServiceError } from '../errors.ts';
import type { ApiPorts } from './api-ports.ts';

type PrivacyPorts = Pick<ApiPorts, 'privacyTerms' | 'arePrivacyTermsRequired'>;

/** DES: old clients never ask for the terms, so they are needed only where a setting says so. */
export async function requirePrivacyTerms(organizationId: string, ports: PrivacyPorts): Promise<void> {
  if (!ports.arePrivacyTermsRequired) return;
  const answer = await ports.privacyTerms.latest(organizationId);
  if (answer?.isAccepted) return;
  const happened = answer === undefined ? 'nobody has accepted' : `"${answer.answeredBy}" refused`;
  throw new ServiceError(
    'PRIVACY_TERMS_NOT_ACCEPTED',
    `Cannot export data of organization "${organizationId}": ${happened} its privacy terms; they must be accepted first.`,
    { parameters: [organizationId] },
  );
}
