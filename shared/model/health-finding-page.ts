import { ServiceError } from '../errors.ts';
import type { HealthFinding } from './health-finding.ts';
import { newestFirstKey } from './newest-first-key.ts';

/** Which findings; what is absent is any. */
export type HealthFindingFilter = {
  readonly [Member in 'profileId' | 'organizationId' | 'kind' | 'state']?: HealthFinding[Member] | undefined;
};

/** Which part of a list. Findings that are not shown are passed over, so that no continuation tells of them. */
export interface HealthFindingPlace {
  readonly limit: number;
  readonly continuation?: string | undefined;
  readonly isShown?: (finding: HealthFinding) => boolean;
}

/** Part of a list, and where it goes on. */
export interface HealthFindingPage {
  readonly findings: readonly HealthFinding[];
  /** Absent after the last page. */
  readonly continuation?: string;
}

/** Whether a finding is one of those. */
export function isWanted(finding: HealthFinding, filter: HealthFindingFilter): boolean {
  return Object.entries(filter).every(
    ([member, value]) => value === undefined || finding[member as keyof HealthFindingFilter] === value,
  );
}

/** Smaller the later it opened; of the same moment by id. */
const placeOf = ({ openedAt, id }: HealthFinding) => `${newestFirstKey(openedAt)}|${id}`;

/**
 * A page of the findings, newest first. The order does not move while pages are turned: what opens meanwhile is before the
 * first. `REQUEST_INVALID` when the continuation is none.
 */
export function pageOfFindings(
  findings: readonly HealthFinding[],
  { limit, continuation, isShown = () => true }: HealthFindingPlace,
): HealthFindingPage {
  const after = continuation === undefined ? '' : readContinuation(continuation);
  const rest = findings
    .filter(isShown)
    .map((finding) => ({ finding, place: placeOf(finding) }))
    .filter(({ place }) => place > after)
    .sort((one, other) => (one.place < other.place ? -1 : 1));
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return {
    findings: page.map(({ finding }) => finding),
    ...(last && rest.length > limit && { continuation: Buffer.from(last.place).toString('base64url') }),
  };
}

function readContinuation(text: string): string {
  const place = Buffer.from(text, 'base64url').toString();
  if (/^\d{13}\|[\w.-]+$/.test(place)) return place;
  throw new ServiceError(
    'REQUEST_INVALID',
    'Cannot list findings: the continuation is none; one that an earlier page gave is expected.',
    { parameters: ['continuation'] },
  );
}
