import { z } from 'zod';
import { ServiceError } from '../errors.ts';

/** "Profile p, table t: go on." Everything else is in the checkpoint. */
export const syncTableItemSchema = z.object({
  profileId: z.string(),
  table: z.string(),
  activation: z.int(),
  turn: z.int(),
});
export type SyncTableItem = Readonly<z.infer<typeof syncTableItemSchema>>;

/** "Try the rejected rows of this table that are due." Void where `dueAt` is not the state's `retryDueAt`; absent: now. */
export const retryRowItemSchema = z.object({
  profileId: z.string(),
  table: z.string(),
  dueAt: z.string().optional(),
});
export type RetryRowItem = Readonly<z.infer<typeof retryRowItemSchema>>;

/** "Write these rows again with identical values." */
export const retouchRowItemSchema = z.object({
  organizationId: z.string(),
  profileId: z.string(),
  table: z.string(),
  recordIds: z.array(z.guid()).min(1).max(100),
});
export type RetouchRowItem = Readonly<z.infer<typeof retouchRowItemSchema>>;

/** "See whether these re-touched rows have arrived." */
export const verifyRowItemSchema = z.object({
  organizationId: z.string(),
  profileId: z.string(),
  table: z.string(),
  recordIds: z.array(z.guid()).min(1).max(100),
  /** When the rows were re-touched (ISO 8601). */
  retouchedAt: z.string(),
});
export type VerifyRowItem = Readonly<z.infer<typeof verifyRowItemSchema>>;

/**
 * "Tell the ticket of this finding what has become of it", or "tell the ticket of this operation how it ended". What there is
 * to tell stands in the stores. `attempt`: how often it was tried in vain; `wasResolved`: by a person, maybe too early, so that
 * the ticket itself is looked at.
 */
export const tellTicketItemSchema = z.object({
  about: z.enum(['finding', 'operation']),
  id: z.string().min(1),
  attempt: z.int().nonnegative(),
  wasResolved: z.boolean().optional(),
});
export type TellTicketItem = Readonly<z.infer<typeof tellTicketItemSchema>>;

/** Word of a finding whose ticket a person has resolved. */
export const resolvedTicket = (findingId: string): TellTicketItem => ({
  ...{ about: 'finding', id: findingId, attempt: 0, wasResolved: true },
});

/** "Go on with this operation." Everything else is in its document. */
export const runOperationItemSchema = z.object({ operationId: z.string() });
export type RunOperationItem = Readonly<z.infer<typeof runOperationItemSchema>>;

/** The message as a work item; one that does not fit is refused, becomes poison and raises an alert. */
export function readWorkItem<T>(schema: z.ZodType<T>, queue: string, message: unknown): T {
  const parsed = schema.safeParse(message);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || 'message'} ${issue.message}`,
  );
  throw new ServiceError(
    'MESSAGE_UNREADABLE',
    `Cannot read a message of queue "${queue}": ${problems.join('; ')}.`,
    { parameters: [queue] },
  );
}
