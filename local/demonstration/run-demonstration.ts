import type { Platform } from '../platform/start-platform.ts';
import type { ProfileDetails } from './exporter-client.ts';
import { followLiveChanges } from './follow-live-changes.ts';
import { healRows } from './heal-rows.ts';
import { keepGoing } from './keep-going.ts';
import { markedChanges } from './marked-changes.ts';
import { type Narrator, narrator } from './narrator.ts';
import type { Account } from './organization-client.ts';
import { proveResume } from './prove-resume.ts';
import { dropRule, refuseRows, revenueLimit } from './refuse-rows.ts';
import { setUpProfile } from './set-up-profile.ts';
import { showOrganization } from './show-organization.ts';
import { openStage, type Stage } from './stage.ts';
import { type DemonstrationReport, reportOf, tellReport } from './tell-report.ts';
import { type InitialSync, isSynced, watchInitialSync } from './watch-initial-sync.ts';

export type DemonstrationOptions = {
  /** Go on with the workload after the report, until the signal. */
  readonly forever: boolean;
  readonly signal?: AbortSignal;
  readonly narrator?: Narrator;
};

const failingRows = 5;
const accountsToChooseFrom = 200;

/**
 * Shows what the product does on a running platform, and checks each step; rejects at the first that is not as told.
 * On a platform that has seen it before it resumes: no second profile, no second initial load.
 */
export async function runDemonstration(
  platform: Platform,
  options: DemonstrationOptions,
): Promise<DemonstrationReport | undefined> {
  const tell = options.narrator ?? narrator();
  if (platform.environment.EXPORTER_URL) {
    tell.say(
      'The exporter is another service, so there is nothing to demonstrate; the automation watches it.',
    );
    return undefined;
  }
  const stage = openStage(platform, tell, options.signal ?? new AbortController().signal);
  const startedAt = new Date();
  try {
    const expectedRows = await showOrganization(stage);
    const { profile, isResumed } = await setUpProfile(stage);
    const initialSync = await syncInitially(stage, profile, { expectedRows, isResumed, startedAt });
    await dropRule(stage);
    const { failing, timed } = await chooseAccounts(stage);
    const changes = markedChanges(stage, timed);
    const lags = await followLiveChanges(stage, changes);
    await refuseRows(stage, profile.Id, failing, changes);
    const healing = await healRows(stage, profile.Id, failing);
    const report = reportOf(initialSync, lags, healing);
    tellReport(stage, report);
    if (options.forever) await keepGoing(stage, profile.Id, changes);
    await stage.organization.stopWorkload();
    return report;
  } finally {
    await stage.database.close();
  }
}

async function syncInitially(
  stage: Stage,
  profile: ProfileDetails,
  known: {
    readonly expectedRows: ReadonlyMap<string, number>;
    readonly isResumed: boolean;
    readonly startedAt: Date;
  },
): Promise<InitialSync | undefined> {
  if (known.isResumed && profile.Entities.every(isSynced)) {
    await proveResume(stage, profile, known.startedAt);
    return undefined;
  }
  return await watchInitialSync(stage, profile.Id, known.expectedRows, known.startedAt);
}

/** Rows for the parts to come; none that the rule of a later act would refuse by chance. */
async function chooseAccounts({ organization }: Stage) {
  const isAllowed = ({ revenue }: Account) => revenue === null || revenue < revenueLimit;
  const accounts = (await organization.accounts(accountsToChooseFrom)).filter(isAllowed);
  const failing = accounts.slice(0, Math.min(failingRows, Math.floor(accounts.length / 2)));
  if (failing.length === 0)
    throw new Error(
      'Cannot demonstrate failures: the organization has too few accounts; expected at least 2: more --rows, or --no-demo.',
    );
  return { failing, timed: accounts.slice(failing.length) };
}
