import type { HealthFinding } from '../model/health-finding.ts';
import type { Operation } from '../model/operation.ts';
import type { TellableFinding, Ticket } from '../model/ticket.ts';
import { correlationIdOf } from '../model/ticket-subject.ts';

const mostTitle = 160;
const mostText = 4000;

const minutes = (iso: string) => `${iso.slice(0, 16).replace('T', ' ')} UTC`;

/** Where it is; what the words beside name already is left out. */
function placeOf({ profileName, table }: TellableFinding, beside = ''): string {
  const isNamed = table === undefined || beside.toLowerCase().includes(`table "${table}"`);
  return `profile "${profileName}"${isNamed ? '' : `, table "${table}"`}`;
}

function lines(...texts: readonly (string | undefined)[]): string {
  return texts
    .filter((text) => text !== undefined)
    .join('\n\n')
    .slice(0, mostText);
}

/**
 * What a finding tells its ticket. While it is open that is what it was opened with: moving numbers change no ticket. At its end
 * it is the whole story.
 */
export function tellable(finding: HealthFinding): TellableFinding {
  const { state, message, opening, openedAt, closedAt, flaps } = finding;
  if (state === 'open' || closedAt === undefined) return { ...finding, ...opening };
  const lasted = Math.max(1, Math.round((Date.parse(closedAt) - Date.parse(openedAt)) / 60_000));
  const back = flaps === 0 ? '' : ` It came back ${flaps === 1 ? 'once' : `${flaps} times`} meanwhile.`;
  const first = opening.message === message ? '' : `At first: ${opening.message} `;
  return { ...finding, story: `${first}It lasted ${lasted} ${lasted === 1 ? 'minute' : 'minutes'}.${back}` };
}

/** The ticket of an open finding. */
export function ticketOf(finding: TellableFinding): Ticket {
  const { id, message, whatToDo, openedAt, severity } = finding;
  return {
    correlationId: correlationIdOf(id),
    title: `Dataverse export: ${placeOf(finding, message)}: ${message}`
      .replace(/\s+/g, ' ')
      .slice(0, mostTitle),
    text: lines(
      `${message}`,
      `What to do: ${whatToDo}`,
      `Seen since ${minutes(openedAt)} in ${placeOf(finding)}.`,
      'Resolve this ticket to have the failed rows written again. It closes by itself when all is well.',
    ),
    isUrgent: severity === 'error',
  };
}

/** The story of a finding that is over. */
export function closingText(finding: TellableFinding): string {
  const { openedAt, closedAt, message, story } = finding;
  return lines(
    `All is well again in ${placeOf(finding)}.`,
    `Opened ${minutes(openedAt)}${closedAt === undefined ? '' : `, over ${minutes(closedAt)}`}. At last: ${message}`,
    story,
  );
}

/** Why a ticket that was closed is open again. */
export function reopeningText(finding: TellableFinding): string {
  return lines(`It is still so, or so again, in ${placeOf(finding)}: ${finding.message}`);
}

const done: Record<Operation['request']['kind'], string> = {
  'create-profile': 'The profile was to be made',
  'activate-profile': 'The profile was to be activated',
  'deactivate-profile': 'The profile was to be deactivated',
  'retouch-failures': 'The failed rows were to be written again',
  'retry-failures': 'The failed rows were to be taken up again',
  'ignore-failures': 'The failures were to be ignored',
};

/** What rows are to come to: without one of them nothing is done. */
const aims: Partial<Record<Operation['request']['kind'], readonly string[]>> = {
  'retouch-failures': ['healed', 'gone'],
  'retry-failures': ['waiting'],
  'ignore-failures': ['ignored'],
};

/** How an operation that a ticket has asked for ended. */
export function outcomeText({ id, request, state, message, rows, changedAt }: Operation): string {
  const counts = Object.entries(rows ?? {}).filter(([, count]) => count > 0);
  const isReached = aims[request.kind]?.some((aim) => (rows?.[aim] ?? 0) > 0) ?? true;
  const verdict = state === 'failed' ? 'failed' : isReached ? 'done' : 'tried';
  const isIdle = state === 'succeeded' && !isReached && counts.length === 0;
  // An operation that has succeeded counts its rows in its message.
  const isCounted = state === 'succeeded' || counts.length === 0;
  return lines(
    isIdle
      ? `Nothing was done: ${message}`
      : `${done[request.kind]}: ${verdict} ${minutes(changedAt)}. ${message}`,
    isCounted ? undefined : `Rows: ${counts.map(([what, count]) => `${count} ${what}`).join(', ')}.`,
    `Operation ${id}.`,
  );
}
