/** What somebody answered for an organization: whether its data may be exported. */
export interface PrivacyTermsAnswer {
  readonly organizationId: string;
  readonly isAccepted: boolean;
  /** Object id of the user, or client id of the application. */
  readonly answeredBy: string;
  /** ISO 8601. */
  readonly answeredAt: string;
}

/** The answers to the privacy terms; none is ever overwritten, the latest counts. */
export interface PrivacyTerms {
  record(answer: PrivacyTermsAnswer): Promise<void>;
  latest(organizationId: string): Promise<PrivacyTermsAnswer | undefined>;
}
