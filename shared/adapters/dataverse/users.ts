import { hasCode } from '../../errors.ts';
import { isGuid } from '../../model/guid.ts';
import type { Clock } from '../../ports/clock.ts';
import type { WebApi } from './web-api.ts';

/** System Administrator: the template is the same in every organization; the role's own id differs by business unit. */
const isRole = '_roletemplateid_value eq 627090ff-40a3-4053-8790-584edc5be201';

const keptMilliseconds = 3 * 60_000;
/** A client that asks every minute is not refused because Dataverse does not answer for a moment. */
const renewedAfterMilliseconds = 60_000;
const mostKept = 1000;

/** All answers about one user are forgotten together: none may outlive another that it rests on. */
interface Known {
  readonly userId: Promise<string | undefined>;
  isAdministrator?: Promise<boolean>;
  readonly askedAt: number;
  isRenewed?: boolean;
}

/**
 * What is known of the organization's users, by Entra object id. Answers are kept for 3 minutes, failures are not; who
 * asks while a question is open gets its answer. An answer of more than a minute is renewed behind the call that takes it.
 */
export function users(api: WebApi, clock: Clock) {
  const known = new Map<string, Known>();

  function knownOf(objectId: string): Known {
    const key = objectId.toLowerCase();
    const now = clock.now().getTime();
    const kept = known.get(key);
    const age = kept === undefined ? keptMilliseconds : now - kept.askedAt;
    if (kept !== undefined && age < keptMilliseconds) {
      if (age >= renewedAfterMilliseconds && !kept.isRenewed) void renew(key, kept);
      return kept;
    }
    known.delete(key);
    for (const oldest of known.keys()) {
      if (known.size < mostKept) break;
      known.delete(oldest);
    }
    const user = { userId: userIdOf(key), askedAt: now };
    known.set(key, user);
    return user;
  }

  /** Puts a younger answer in the place of one that is still believed, or leaves that until its end. */
  async function renew(key: string, kept: Known): Promise<void> {
    kept.isRenewed = true;
    const younger: Known = { userId: userIdOf(key), askedAt: clock.now().getTime() };
    try {
      await younger.userId;
      if (kept.isAdministrator !== undefined) await administratorOf(younger);
      if (known.get(key) === kept) known.set(key, younger);
    } catch {
      kept.isRenewed = false;
    }
  }

  function administratorOf(user: Known): Promise<boolean> {
    user.isAdministrator ??= user.userId.then((id) => id !== undefined && hasAdministratorRole(id));
    return user.isAdministrator;
  }

  async function believed<T>(objectId: string, answerOf: (user: Known) => Promise<T>): Promise<T> {
    const user = knownOf(objectId);
    try {
      return await answerOf(user);
    } catch (error) {
      const key = objectId.toLowerCase();
      if (known.get(key) === user) known.delete(key);
      throw error;
    }
  }

  const ask = <Row>(path: string) =>
    api.get<{ readonly value: readonly Row[] }>('look up a user', path, {}, { isAwaited: true });

  async function firstId(set: string, id: string, filter: string): Promise<string | undefined> {
    const path = `${set}?$select=${id}&$top=1&$filter=${encodeURIComponent(filter)}`;
    const { value } = await ask<Readonly<Record<string, string>>>(path);
    return value[0]?.[id];
  }

  async function userIdOf(objectId: string): Promise<string | undefined> {
    if (!isGuid(objectId)) return undefined;
    const filter = `azureactivedirectoryobjectid eq ${objectId} and isdisabled eq false`;
    return firstId('systemusers', 'systemuserid', filter);
  }

  const holdsRole = async (roles: string) => (await firstId(roles, 'roleid', isRole)) !== undefined;

  /** Own roles, else those of all teams in one question: some users are in hundreds of teams. */
  async function hasAdministratorRole(userId: string): Promise<boolean> {
    if (await holdsRole(`systemusers(${userId})/systemuserroles_association`)) return true;
    const isMember = `teammembership_association/any(u:u/systemuserid eq ${userId})`;
    const ofTeam = `${isMember} and teamroles_association/any(r:r/${isRole})`;
    try {
      return (await firstId('teams', 'teamid', ofTeam)) !== undefined;
    } catch (error) {
      if (!hasCode(error, 'DATAVERSE_REQUEST_REFUSED')) throw error;
      return hasTeamWithRole(userId);
    }
  }

  /** Where an organization does not take `any` in a filter: team by team. */
  async function hasTeamWithRole(userId: string): Promise<boolean> {
    const { value } = await ask<{ readonly teamid: string }>(
      `systemusers(${userId})/teammembership_association?$select=teamid`,
    );
    for (const { teamid } of value)
      if (await holdsRole(`teams(${teamid})/teamroles_association`)) return true;
    return false;
  }

  return {
    isSystemAdministrator: (objectId: string): Promise<boolean> => believed(objectId, administratorOf),
    isEnabledUser: (objectId: string): Promise<boolean> =>
      believed(objectId, async ({ userId }) => (await userId) !== undefined),
  };
}
