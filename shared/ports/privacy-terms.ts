import type { PrivacyTermsAnswer } from '../model/privacy-terms-answer.ts';

/** The answers to the privacy terms; none is ever overwritten, the latest counts. */
export interface PrivacyTerms {
  record(answer: PrivacyTermsAnswer): Promise<void>;
  latest(organizationId: string): Promise<PrivacyTermsAnswer | undefined>;
}
