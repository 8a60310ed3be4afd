import { z } from 'zod';
import { orAbsent } from './or-absent.ts';

/** Everything that can be wrong with a profile's health. */
export const healthKinds = [
  'profile-not-active',
  'failures-growing',
  'initial-sync-stuck',
  'standing-still',
  'lag-over-limit',
  'test-failing',
  'token-ageing',
  'secret-expiring',
  'counts-drift',
  'rows-drift',
  'exporter-unreachable',
  'poison-messages',
] as const;
export type HealthKind = (typeof healthKinds)[number];

/** One thing that is, or was, wrong with a profile or one of its tables. Dates are ISO 8601 in UTC. */
export const healthFindingSchema = z.object({
  /** Of the kind, profile and table: what comes back is the same finding. Safe in addresses. */
  id: z.string(),
  kind: z.enum(healthKinds),
  /** `noProfile` where a message does not say whose it is. */
  profileId: z.string(),
  profileName: z.string(),
  organizationId: z.string(),
  /** Undefined: it concerns the whole profile. */
  table: orAbsent(z.string()),
  severity: z.enum(['warning', 'error']),
  state: z.enum(['open', 'closed']),
  /** Since when; stays when it comes back within an hour of its end. */
  openedAt: z.string(),
  /** When it was last seen. */
  seenAt: z.string(),
  /** Open, but not found any more since then: it ends when that lasts. */
  missingSince: orAbsent(z.string()),
  closedAt: orAbsent(z.string()),
  /** What was seen last, in a sentence, and what to do, in another. */
  message: z.string(),
  whatToDo: z.string(),
  /** The same as it was when it opened, or became an error: the alert shows this, and stays the same while numbers move. */
  opening: z.object({ message: z.string(), whatToDo: z.string() }).readonly(),
  /** How often it was seen. */
  occurrences: z.int().positive(),
  /** How often it came back within an hour of its end. */
  flaps: z.int().nonnegative(),
});
export type HealthFinding = Readonly<z.infer<typeof healthFindingSchema>>;

/** Stands for the profile of what concerns none, or all. */
export const noProfile = 'none';

/** What a finding is about. */
export interface HealthSubject {
  readonly kind: HealthKind;
  readonly profile: { readonly id: string; readonly name: string; readonly organizationId: string };
  readonly table?: string | undefined;
}

/** What is wrong with a subject now. `isCertain`: one look is enough to open it. */
export interface HealthCondition extends Pick<HealthFinding, 'severity' | 'message' | 'whatToDo'> {
  readonly isCertain?: boolean;
}

export function healthFindingId({ kind, profile, table }: HealthSubject): string {
  return [kind, profile.id, ...(table === undefined ? [] : [table])].join('.');
}

/** `quiet`: nothing is known; `suspected`: seen once; `open`; `fading`: open, but not found any more; `closed`: lately. */
export const healthStages = ['quiet', 'suspected', 'open', 'fading', 'closed'] as const;
export type HealthStage = (typeof healthStages)[number];

/** What a look finds: the condition, that beyond doubt, not, or not for long enough. */
export const healthSights = ['seen', 'certain', 'missing', 'missed'] as const;
export type HealthSight = (typeof healthSights)[number];

/** The whole life of a finding: the stage after a look. A closed one is quiet an hour later. */
export const healthLife: Readonly<Record<HealthStage, Readonly<Record<HealthSight, HealthStage>>>> = {
  quiet: { seen: 'suspected', certain: 'open', missing: 'quiet', missed: 'quiet' },
  suspected: { seen: 'open', certain: 'open', missing: 'quiet', missed: 'quiet' },
  open: { seen: 'open', certain: 'open', missing: 'fading', missed: 'fading' },
  fading: { seen: 'open', certain: 'open', missing: 'fading', missed: 'closed' },
  closed: { seen: 'open', certain: 'open', missing: 'closed', missed: 'closed' },
};

const flapSeconds = 3600;

/** What is remembered of a subject between two looks. */
export interface KnownHealth {
  readonly finding?: HealthFinding | undefined;
  readonly isSuspected: boolean;
}

/** After a look; `news` says what the look has changed for people. */
export interface HealthStep extends KnownHealth {
  readonly news?: 'opened' | 'closed';
}

const secondsBetween = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 1000;

function stageOf({ finding, isSuspected }: KnownHealth, now: string): HealthStage {
  if (finding?.state === 'open') return finding.missingSince === undefined ? 'open' : 'fading';
  if (finding?.closedAt !== undefined && secondsBetween(finding.closedAt, now) < flapSeconds) return 'closed';
  return isSuspected ? 'suspected' : 'quiet';
}

function sightOf(
  condition: HealthCondition | undefined,
  missingSince: string | undefined,
  now: string,
  quietSeconds: number,
): HealthSight {
  if (condition) return condition.isCertain ? 'certain' : 'seen';
  return missingSince !== undefined && secondsBetween(missingSince, now) >= quietSeconds
    ? 'missed'
    : 'missing';
}

function opened(
  subject: HealthSubject,
  { severity, message, whatToDo }: HealthCondition,
  now: string,
  known: HealthFinding | undefined,
): HealthFinding {
  const { kind, profile, table } = subject;
  const isWorse = known?.severity === 'warning' && severity === 'error';
  const whose = { profileId: profile.id, profileName: profile.name, organizationId: profile.organizationId };
  return {
    ...{ id: healthFindingId(subject), kind, ...whose, table, severity, state: 'open' },
    openedAt: known?.openedAt ?? now,
    seenAt: now,
    ...{ missingSince: undefined, closedAt: undefined },
    ...{ message, whatToDo },
    opening: known && !isWorse ? known.opening : { message, whatToDo },
    occurrences: (known?.occurrences ?? 0) + 1,
    flaps: (known?.flaps ?? 0) + (known?.state === 'closed' ? 1 : 0),
  };
}

/**
 * What is known after one more look: what `condition` says was seen, nothing where it is undefined. An open finding ends
 * when it was not found for `quietSeconds`, at two looks at least. What opens anew, later than an hour after its end, is a
 * new finding under its old id.
 */
export function afterLook(
  known: KnownHealth,
  subject: HealthSubject,
  condition: HealthCondition | undefined,
  now: string,
  quietSeconds: number,
): HealthStep {
  const { finding } = known;
  const stage = stageOf(known, now);
  const next = healthLife[stage][sightOf(condition, finding?.missingSince, now, quietSeconds)];
  const isNew = stage === 'quiet' || stage === 'suspected';
  if (next === 'open' && condition) {
    const step = {
      finding: opened(subject, condition, now, isNew ? undefined : finding),
      isSuspected: false,
    };
    return isNew || stage === 'closed' ? { ...step, news: 'opened' } : step;
  }
  if (finding && next === 'fading')
    return { finding: { ...finding, missingSince: finding.missingSince ?? now }, isSuspected: false };
  if (finding && stage === 'fading' && next === 'closed') {
    const closed = { ...finding, state: 'closed', missingSince: undefined, closedAt: now } as const;
    return { finding: closed, isSuspected: false, news: 'closed' };
  }
  return { finding, isSuspected: next === 'suspected' };
}
