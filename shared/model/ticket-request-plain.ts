import { z } from 'zod';
import { failureSelectionSchema } from './operation.ts';
import { orAbsent } from './or-absent.ts';
import { problemsOf, type ReadTicketRequest, ticketActions } from './ticket-request.ts';
import { readTicketSubject, subjectForms } from './ticket-subject.ts';

const lowerGuid = z.guid().toLowerCase();

/** Our own form; `about` and `selection` say the same thing in two ways. */
const plainSchema = z
  .strictObject({
    ticketId: z.string().regex(/^[\w.:-]{1,100}$/, 'must be 1 to 100 letters, digits and ._:-'),
    action: z.enum(ticketActions),
    about: orAbsent(z.string()),
    selection: orAbsent(
      z.strictObject({
        ...failureSelectionSchema.shape,
        profileId: lowerGuid,
        recordIds: orAbsent(z.array(lowerGuid).min(1).max(1000)),
      }),
    ),
    reason: orAbsent(z.string().max(1000)),
  })
  .superRefine(({ about, selection, action, reason }, context) => {
    const issue = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    if ((about === undefined) === (selection === undefined))
      issue('selection', 'it or "about" must be given, and not both');
    if (about !== undefined && readTicketSubject(about) === undefined) issue('about', subjectForms);
    if (action === 'ignore' && !reason?.trim()) issue('reason', 'must be given to ignore failures');
  });

/** The plain JSON form of docs/ticketing.md. */
export function readPlainTicket(body: unknown): ReadTicketRequest {
  const parsed = plainSchema.safeParse(body);
  if (!parsed.success) return { problems: problemsOf(parsed.error) };
  const { about = '', selection, ...rest } = parsed.data;
  const subject = selection === undefined ? readTicketSubject(about) : { selection };
  return subject === undefined ? { problems: [`about: ${subjectForms}`] } : { ...rest, subject };
}
