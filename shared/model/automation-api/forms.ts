import { z } from 'zod';
import { failureCauses, failureSchema, failureStates } from '../failure.ts';
import { healthKinds } from '../health-finding.ts';
import { operationPlaceForm, operationSchema, operationStates, ticketReferenceSchema } from '../operation.ts';

const profileId = z.guid().toLowerCase();
/** How long each may be, in tickets as in the API. */
export const table = z.string().trim().min(1).max(128).describe('Logical name of the table.');
export const failureIds = z.array(z.string().min(1).max(300)).min(1).max(1000);

/** Which failures of a profile are meant: all that are not over and fit every member given. */
const selectionFormSchema = z.strictObject({
  profileId,
  table: table.optional(),
  cause: z.enum(failureCauses).optional(),
  state: z.enum(failureStates).optional(),
  recordIds: z.array(z.guid().toLowerCase()).min(1).max(1000).optional(),
  failureIds: failureIds.optional(),
});
const dryRun = z
  .boolean()
  .optional()
  .describe(
    'true: nothing is done; the answer counts what would be changed now, without what is on its way already.',
  );

/** `POST automation/failures/retouch` and `retry`. */
export const failuresFormSchema = selectionFormSchema.extend({ dryRun });
/** `POST automation/failures/ignore`. */
export const ignoreFormSchema = selectionFormSchema.extend({
  reason: z.string().trim().min(1).max(1000),
  dryRun,
});

const continuation = z.string().min(1).max(1000);
const goesOn = 'Of the answer before: goes on after it.';
const part = {
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(100)
    .describe('The most of one answer; 100 if absent.'),
  continuation: continuation.optional().describe(goesOn),
};

export const failuresQuerySchema = z.strictObject({
  profileId: profileId.optional(),
  table: table.optional(),
  cause: z.enum(failureCauses).optional(),
  state: z.enum(failureStates).optional(),
  ...part,
});
export const operationsQuerySchema = z.strictObject({
  state: z.enum(operationStates).optional(),
  profileId: profileId.optional(),
  ...part,
  continuation: continuation
    .regex(operationPlaceForm, 'must be the one that an earlier answer gave')
    .optional()
    .describe(goesOn),
});
export const findingsQuerySchema = z.strictObject({
  profileId: profileId.optional(),
  kind: z.enum(healthKinds).optional(),
  state: z.enum(['open', 'closed']).optional(),
  ...part,
});

const kinds = operationSchema.shape.request.options.map(({ shape }) => shape.kind.value);

/** An operation as it is answered. */
export const operationAnswerSchema = operationSchema.omit({ attempts: true }).extend({
  request: z.looseObject({ kind: z.enum(kinds) }).describe('What was asked for.'),
  rows: z.record(z.string(), z.int()).optional(),
  profileId: z.string().optional(),
  ticket: ticketReferenceSchema.optional(),
});

/** A failure with its whole life. */
export const failureAnswerSchema = failureSchema as z.ZodType;

/** What a request would change. */
export const previewSchema = z.object({
  rows: z.int(),
  failures: z.int(),
  byState: z.record(z.string(), z.int()),
  byCause: z.record(z.string(), z.int()),
  byTable: z.record(z.string(), z.int()),
});
export type Preview = Readonly<z.infer<typeof previewSchema>>;

export const findingAnswerSchema = z.looseObject({
  id: z.string(),
  kind: z.string(),
  profileId: z.string(),
  state: z.enum(['open', 'closed']),
  message: z.string(),
});

/** DES: every error of the service has this form. */
export const errorAnswerSchema = z.object({
  CorrelationId: z.string(),
  ErrorCode: z.string(),
  Message: z.string(),
  Details: z.string(),
  Parameters: z.array(z.string()),
});
