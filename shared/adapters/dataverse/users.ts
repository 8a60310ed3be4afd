import type { Clock } from '../../ports/clock.ts';
import type { WebApi } from './web-api.ts';

/** The same in every organization; the role's own id differs by business unit. */
const systemAdministratorTemplateId = '627090ff-40a3-4053-8790-584edc5be201';

const keptMilliseconds = 3 * 60_000;
const mostKept = 1000;

interface Ids {
  readonly value: readonly Readonly<Record<string, string>>[];
}

/** What is known of the organization's users, by Entra object id. Answers are kept for 3 minutes; failures are not. */
export function users(api: WebApi, clock: Clock) {
  const remembered = <T>(read: (objectId: string) => Promise<T>) => {
    const answers = new Map<string, { readonly answer: Promise<T>; readonly until: number }>();
    return async (objectId: string): Promise<T> => {
      const key = objectId.toLowerCase();
      const now = clock.now().getTime();
      const kept = answers.get(key);
      if (kept !== undefined && kept.until > now) return kept.answer;
      answers.delete(key);
      for (const oldest of answers.keys()) {
        if (answers.size < mostKept) break;
        answers.delete(oldest);
      }
      const answer = read(key);
      answers.set(key, { answer, until: now + keptMilliseconds });
      answer.catch(() => answers.delete(key));
      return answer;
    };
  };

  const purpose = 'look up a user';

  const userIdOf = remembered(async (objectId) => {
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(objectId)) return undefined;
    const filter = encodeURIComponent(`azureactivedirectoryobjectid eq ${objectId} and isdisabled eq false`);
    const { value } = await api.get<Ids>(purpose, `systemusers?$select=systemuserid&$filter=${filter}`);
    return value[0]?.systemuserid;
  });

  const hasAdministratorRole = async (owner: string, relation: string) => {
    const filter = encodeURIComponent(`_roletemplateid_value eq ${systemAdministratorTemplateId}`);
    const { value } = await api.get<Ids>(purpose, `${owner}/${relation}?$select=roleid&$filter=${filter}`);
    return value.length > 0;
  };

  const isSystemAdministrator = remembered(async (objectId) => {
    const id = await userIdOf(objectId);
    if (id === undefined) return false;
    if (await hasAdministratorRole(`systemusers(${id})`, 'systemuserroles_association')) return true;
    const teams = await api.get<Ids>(purpose, `systemusers(${id})/teammembership_association?$select=teamid`);
    for (const { teamid } of teams.value)
      if (await hasAdministratorRole(`teams(${teamid})`, 'teamroles_association')) return true;
    return false;
  });

  return {
    isSystemAdministrator,
    isEnabledUser: async (objectId: string) => (await userIdOf(objectId)) !== undefined,
  };
}
