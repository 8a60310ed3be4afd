import { sharedRuns } from '../at-most.ts';
import type { DataverseNews } from '../model/dataverse-news.ts';
import { exportOf, type Profile } from '../model/profile.ts';
import type { SyncState } from '../model/sync-state.ts';
import type { SyncPorts } from './sync-ports.ts';

/** What a nudge needs of the ports. */
export type NudgePorts = Pick<
  SyncPorts,
  'profiles' | 'syncStates' | 'queues' | 'clock' | 'telemetry' | 'options'
>;

/** Clocks of two instances differ by less; and a turn that is due so soon is hurried no more. */
const slackMilliseconds = 2000;

/**
 * Takes nudges: word that a table has changed. Each is followed by a pass that begins after it, of every profile that exports
 * the table with its rows: at once, but no sooner than the gap after the last one. Of any number of nudges of a table this
 * process looks at few: as soon as it knows that a pass is to begin only at some later time, what comes until then costs
 * nothing. Resolves when that pass is certain, to whether the table is exported. What only polling finds: a change that comes
 * in that time behind the last reading of an activation or a resync that began in it, too.
 */
export function tableNudges(ports: NudgePorts): (news: DataverseNews) => Promise<boolean> {
  const now = () => ports.clock.now().getTime();
  const known = new Map<string, ReturnType<typeof looks>>();

  function looks(news: DataverseNews) {
    let found = { isExported: false, coveredUntil: 0 };
    const look = sharedRuns(async () => {
      if (now() < found.coveredUntil) return found;
      const startedAt = now();
      const exporting = await profilesOf(news, ports);
      const covered = await Promise.all(exporting.map((profile) => nudge(profile, news.table, ports)));
      found = {
        isExported: exporting.length > 0,
        coveredUntil: startedAt + Math.min(gapOf(ports), ...covered),
      };
      return found;
    });
    return { look, coveredUntil: () => found.coveredUntil };
  }

  return async (news) => {
    const key = JSON.stringify(news);
    let entry = known.get(key);
    if (entry === undefined) {
      // Nothing is lost with what is over: the next nudge looks anyway.
      for (const [other, { coveredUntil }] of known) if (coveredUntil() < now()) known.delete(other);
      entry = looks(news);
      known.set(key, entry);
    }
    return (await entry.look()).isExported;
  };
}

async function profilesOf(
  { organization, table }: DataverseNews,
  { profiles }: NudgePorts,
): Promise<readonly Profile[]> {
  const isMeant = ({ organizationId, organizationUrl }: Profile) =>
    organizationId === organization || URL.parse(organizationUrl)?.host === organization;
  return (await profiles.listActive()).filter(
    (profile) => isMeant(profile) && exportOf(profile, table)?.scope === 'all',
  );
}

/**
 * Sees to it that a pass of the table begins after now. Resolves to the milliseconds from now in which none begins, so that
 * for what is heard until then the same pass is enough.
 */
async function nudge(profile: Profile, table: string, ports: NudgePorts): Promise<number> {
  const gap = gapOf(ports);
  const activation = exportOf(profile, table)?.activation;
  let covered = 0;
  let delay: number | undefined;
  const state = await ports.syncStates.update(profile.id, table, (known) => {
    delay = undefined;
    const now = ports.clock.now().getTime();
    covered = gap;
    // An activation is about to read everything, or the profile is being deleted.
    if (known === undefined || activation === undefined || known.activation < activation) return undefined;
    const dueIn = Date.parse(known.dueAt) - now;
    // It may be at work, and have read already: another pass follows, the gap after its end.
    if (dueIn <= slackMilliseconds) return known.isNudged ? undefined : { ...known, isNudged: true };
    const wantedIn = Math.max(0, gap - (now - lastPassAt(known)));
    if (known.isHeldBack || dueIn <= wantedIn + slackMilliseconds) {
      covered = dueIn - slackMilliseconds;
      return undefined;
    }
    covered = wantedIn;
    delay = wantedIn;
    return { ...known, turn: known.turn + 1, dueAt: new Date(now + wantedIn).toISOString() };
  });
  if (delay === undefined || state === undefined) return covered;
  const { turn } = state;
  // The state first: a crash between them leaves an overdue turn, which the watchdog finds.
  await ports.queues.syncTable.send(
    { profileId: profile.id, table, activation: state.activation, turn },
    delay / 1000,
  );
  ports.telemetry.event('sync.table.nudged', { profileId: profile.id, table });
  return covered;
}

/** Milliseconds from the end of a pass that was nudged to the next, at least. */
const gapOf = ({ options }: NudgePorts) =>
  Math.min(options.nudgeGapSeconds, options.deltaIntervalSeconds) * 1000;

const lastPassAt = ({ lastDeltaSyncAt }: SyncState) =>
  lastDeltaSyncAt === undefined ? 0 : Date.parse(lastDeltaSyncAt);
