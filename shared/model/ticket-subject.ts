import { createHash } from 'node:crypto';
import type { FailureSelection } from './operation.ts';
import type { TicketRecord } from './ticket.ts';

/** What a ticket is about: a finding that it was opened for, or failures that somebody names. */
export type TicketSubject = { readonly correlationId: string } | { readonly selection: FailureSelection };

/** ServiceNow's `correlation_id` holds no more. */
const mostCharacters = 100;

const guid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const table = '[a-z][a-z0-9_]{0,127}';
const forms = {
  finding: /^finding:[\w.:~-]{1,92}$/,
  profile: new RegExp(`^profile:(${guid})$`, 'i'),
  table: new RegExp(`^table:(${guid}):(${table})$`, 'i'),
  row: new RegExp(`^row:(${guid}):(${table}):(${guid})$`, 'i'),
  failure: new RegExp(`^failure:(${guid}):([\\w|.~-]{1,250})$`, 'i'),
} as const;

/** Whether a text is meant for us: what begins so is, be it right or wrong. */
export const isOurs = (text: string): boolean => /^(finding|profile|table|row|failure):/i.test(text);

/** What a text that names failures may be, for messages. */
export const subjectForms =
  'must be finding:<id>, profile:<id>, table:<profile id>:<table>, row:<profile id>:<table>:<row id> or failure:<profile id>:<failure id>';

/** How a ticket of a finding is found again: fit for every system's field, label and query. */
export function correlationIdOf(findingId: string): string {
  const plain = `finding:${findingId}`;
  if (plain.length <= mostCharacters && /^finding:[\w.:-]+$/.test(plain)) return plain;
  return `finding:~${createHash('sha256').update(findingId).digest('hex')}`;
}

/** The id of the finding that a ticket is about. Older records tell it by their correlation id, unless that is a digest. */
export function findingIdOf({
  findingId,
  correlationId,
}: Pick<TicketRecord, 'findingId' | 'correlationId'>): string | undefined {
  return findingId ?? /^finding:([^~].*)$/.exec(correlationId)?.[1];
}

/** All failures of a profile that fit the members given. */
export function selectionOf(
  profileId: string,
  members: Partial<Omit<FailureSelection, 'profileId'>> = {},
): FailureSelection {
  const none = { table: undefined, cause: undefined, state: undefined };
  return { ...none, recordIds: undefined, failureIds: undefined, ...members, profileId };
}

/**
 * Reads `finding:<id>`, `profile:<id>`, `table:<profile id>:<table>`, `row:<profile id>:<table>:<row id>` or
 * `failure:<profile id>:<failure id>`; undefined for any other text.
 */
export function readTicketSubject(text: string): TicketSubject | undefined {
  if (forms.finding.test(text)) return { correlationId: text };
  const lower = (part: string | undefined) => (part ?? '').toLowerCase();
  for (const kind of ['profile', 'table', 'row', 'failure'] as const) {
    const found = forms[kind].exec(text);
    if (!found) continue;
    const [, profileId, second, third] = found;
    if (kind === 'failure')
      return { selection: selectionOf(lower(profileId), { failureIds: [second ?? ''] }) };
    return {
      selection: selectionOf(lower(profileId), {
        ...(second === undefined ? {} : { table: lower(second) }),
        ...(third === undefined ? {} : { recordIds: [lower(third)] }),
      }),
    };
  }
  return undefined;
}
