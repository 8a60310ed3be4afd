import { z } from 'zod';

export const privacyTermsAnswerSchema = z.object({
  organizationId: z.string(),
  isAccepted: z.boolean(),
  /** Object id of the user, or client id of the application. */
  answeredBy: z.string(),
  /** ISO 8601 in UTC. */
  answeredAt: z.string(),
});

/** What somebody answered for an organization: whether its data may be exported. */
export type PrivacyTermsAnswer = Readonly<z.infer<typeof privacyTermsAnswerSchema>>;
