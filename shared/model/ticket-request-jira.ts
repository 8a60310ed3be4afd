import { z } from 'zod';
import { problemsOf, type ReadTicketRequest } from './ticket-request.ts';
import { isOurs, readTicketSubject, subjectForms } from './ticket-subject.ts';

/** Resolutions that mean that nothing shall be done. */
const declined = /^(won['’]?t (do|fix)|declined|cannot reproduce)$/i;

/**
 * An event of Jira's webhooks (`webhookEvent`, with a change log), or the body of an automation rule, which has neither:
 * the rule itself says when it is sent.
 */
const eventSchema = z.object({
  webhookEvent: z.string().optional(),
  issue: z.object({
    key: z.string().regex(/^[A-Z][A-Z0-9_]{1,40}-\d{1,12}$/, 'must be the key of an issue'),
    fields: z.object({
      status: z.object({
        name: z.string().max(200).optional(),
        statusCategory: z.object({ key: z.string() }),
      }),
      resolution: z.object({ name: z.string().max(200) }).nullish(),
      labels: z.array(z.string()).default([]),
    }),
  }),
  changelog: z.object({ items: z.array(z.object({ field: z.string() })) }).optional(),
});

/** When the event happened, in milliseconds since 1970, as far as the body says; it is signed with the body. */
export function jiraEventTime(body: unknown): number | undefined {
  const parsed = z.object({ timestamp: z.int().positive() }).safeParse(body);
  return parsed.success ? parsed.data.timestamp : undefined;
}

/**
 * A Jira issue that has come to a status of the category *done* asks for a re-touch of what its labels name, or to ignore
 * it where the resolution is to do nothing. An issue without a label of ours is none of ours.
 */
export function readJiraEvent(body: unknown): ReadTicketRequest {
  const parsed = eventSchema.safeParse(body);
  if (!parsed.success) return { problems: problemsOf(parsed.error) };
  const { webhookEvent, changelog, issue } = parsed.data;
  const { status, resolution, labels } = issue.fields;
  if (webhookEvent !== undefined && webhookEvent !== 'jira:issue_updated')
    return { nothing: 'The event is not jira:issue_updated.' };
  if (webhookEvent !== undefined && !changelog?.items.some(({ field }) => field === 'status'))
    return { nothing: 'The status of the issue has not changed.' };
  if (status.statusCategory.key !== 'done')
    return { nothing: 'The issue is in a status that is not of the category done.' };
  const [about, ...others] = labels.filter(isOurs);
  if (about === undefined) return { nothing: 'The issue has no label that names a finding or failures.' };
  const subject = others.length === 0 ? readTicketSubject(about) : undefined;
  if (subject === undefined)
    return {
      problems: [`issue.fields.labels: ${others.length > 0 ? 'must have one label of ours' : subjectForms}`],
    };
  const isDeclined = declined.test(resolution?.name ?? '');
  return {
    ...{ ticketId: issue.key, subject, action: isDeclined ? 'ignore' : 'retouch' },
    reason: `Issue ${issue.key} came to ${status.name ?? 'done'}${resolution ? `: ${resolution.name}` : ''}.`,
  };
}
