import { z } from 'zod';
import { failureIds, table } from './automation-api/forms.ts';
import { failureSelectionSchema } from './operation.ts';
import { orAbsent } from './or-absent.ts';
import { problemsOf, type ReadTicketRequest, ticketActions } from './ticket-request.ts';
import { readTicketSubject, subjectForms } from './ticket-subject.ts';

const lowerGuid = z.guid().toLowerCase();

/** Our own form; `about` and `selection` say the same thing in two ways. */
const plainSchema = z.strictObject({
  ticketId: z.string().regex(/^[\w.:-]{1,100}$/, 'must be 1 to 100 letters, digits and ._:-'),
  action: z.enum(ticketActions),
  about: orAbsent(z.string().refine((text) => readTicketSubject(text) !== undefined, subjectForms)),
  selection: orAbsent(
    z.strictObject({
      ...failureSelectionSchema.shape,
      profileId: lowerGuid,
      table: orAbsent(table),
      failureIds: orAbsent(failureIds),
      recordIds: orAbsent(z.array(lowerGuid).min(1).max(1000)),
    }),
  ),
  reason: orAbsent(z.string().max(1000)),
});

/** What no member shows by itself. Looked for whether or not the others are right. */
function problemsBetween(body: unknown): string[] {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return [];
  const { about, selection, action, reason } = body as Readonly<Record<string, unknown>>;
  const problems: string[] = [];
  if ((about === undefined) === (selection === undefined))
    problems.push('selection: it or "about" must be given, and not both');
  if (action === 'ignore' && (typeof reason !== 'string' || reason.trim() === ''))
    problems.push('reason: must be given to ignore failures');
  return problems;
}

/** The plain JSON form of docs/ticketing.md. */
export function readPlainTicket(body: unknown): ReadTicketRequest {
  const parsed = plainSchema.safeParse(body);
  const problems = [...(parsed.success ? [] : problemsOf(parsed.error)), ...problemsBetween(body)];
  if (!parsed.success || problems.length > 0) return { problems };
  const { about = '', selection, ...rest } = parsed.data;
  const subject = selection === undefined ? readTicketSubject(about) : { selection };
  return subject === undefined ? { problems: [`about: ${subjectForms}`] } : { ...rest, subject };
}
