import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { users } from '../../shared/adapters/dataverse/users.ts';
import type { WebApi } from '../../shared/adapters/dataverse/web-api.ts';
import { ServiceError } from '../../shared/errors.ts';
import { movedClock, webApiServer } from './web-api-server.ts';

const objectId = 'aaaaaaaa-0000-4000-8000-000000000001';
const templateId = '627090ff-40a3-4053-8790-584edc5be201';
const keptSeconds = 180;

/** What one person is in the organization. */
interface Person {
  isEnabled: boolean;
  roleOf: 'own' | 'team' | 'nobody';
}

const pathOf = (request: IncomingMessage) =>
  decodeURIComponent(request.url ?? '').replace('/api/data/v9.2/', '');

/** Answers as an organization with these people, by object id; the user id is the object id with an `e` before it. */
function organizationOf(people: Readonly<Record<string, Person>>, weather: { isDown: boolean }) {
  const found = (id: string | undefined) => ({
    body: { value: id === undefined ? [] : [{ [id]: 'found' }] },
  });
  return (request: IncomingMessage) => {
    if (weather.isDown) return { status: 403, body: { error: { code: '0x80072560', message: 'No member' } } };
    const path = pathOf(request);
    const [, asked = ''] =
      /(?:objectid eq |systemusers\(e|systemuserid eq e)([0-9a-f-]{36})/.exec(path) ?? [];
    const person = people[asked];
    if (path.startsWith('systemusers?'))
      return { body: { value: person?.isEnabled ? [{ systemuserid: `e${asked}` }] : [] } };
    if (path.startsWith('systemusers(')) return found(person?.roleOf === 'own' ? 'roleid' : undefined);
    return found(person?.roleOf === 'team' ? 'teamid' : undefined);
  };
}

test.each([
  ['own', 2],
  ['team', 3],
] as const)('the role counts wherever it comes from: %s, in %i requests', async (roleOf, requests) => {
  await using server = await webApiServer(
    organizationOf({ [objectId]: { isEnabled: true, roleOf } }, { isDown: false }),
  );
  expect(await server.dataverse.isSystemAdministrator(objectId)).toBe(true);
  const asked = server.requests.map(pathOf);
  const expected = [
    `systemusers?$select=systemuserid&$top=1&$filter=azureactivedirectoryobjectid eq ${objectId} and isdisabled eq false`,
    `systemusers(e${objectId})/systemuserroles_association?$select=roleid&$top=1&$filter=_roletemplateid_value eq ${templateId}`,
    `teams?$select=teamid&$top=1&$filter=teammembership_association/any(u:u/systemuserid eq e${objectId}) and teamroles_association/any(r:r/_roletemplateid_value eq ${templateId})`,
  ];
  expect(asked).toEqual(expected.slice(0, requests));
});

test.each([true, false])(
  'an organization without any in filters is asked team by team: %s',
  async (isHeld) => {
    const refusal = { status: 400, body: { error: { code: '0x80060888', message: 'any is not supported' } } };
    await using server = await webApiServer((request) => {
      const path = pathOf(request);
      if (path.includes('/any(')) return refusal;
      if (path.startsWith('systemusers?')) return { body: { value: [{ systemuserid: 'u' }] } };
      if (path.includes('teammembership')) return { body: { value: [{ teamid: 'a' }, { teamid: 'b' }] } };
      return { body: { value: isHeld && path.startsWith('teams(b)') ? [{ roleid: 'r' }] : [] } };
    });
    expect(await server.dataverse.isSystemAdministrator(objectId)).toBe(isHeld);
    expect(server.requests.map(pathOf).filter((path) => path.startsWith('teams('))).toHaveLength(2);
  },
);

test('who has no role, is disabled or unknown is no administrator', async () => {
  const people = {
    [objectId]: { isEnabled: true, roleOf: 'nobody' },
    'aaaaaaaa-0000-4000-8000-000000000002': { isEnabled: false, roleOf: 'own' },
  } as const;
  await using server = await webApiServer(organizationOf(people, { isDown: false }));
  const ids = [...Object.keys(people), 'aaaaaaaa-0000-4000-8000-000000000003', "x' or 1 eq 1"];
  for (const id of ids) expect(await server.dataverse.isSystemAdministrator(id)).toBe(false);
  const enabled = await Promise.all(ids.map((id) => server.dataverse.isEnabledUser(id)));
  expect(enabled).toEqual([true, false, false, false]);
});

test('an answer is kept for three minutes, and many calls at the same moment are one question', async () => {
  const people = { [objectId]: { isEnabled: true, roleOf: 'own' } as Person };
  await using server = await webApiServer(organizationOf(people, { isDown: false }));
  const { isSystemAdministrator, isEnabledUser } = server.dataverse;
  const asked = Array.from({ length: 50 }, (_, index) =>
    index % 2 === 0 ? isSystemAdministrator(objectId) : isEnabledUser(objectId.toUpperCase()),
  );
  expect(new Set(await Promise.all(asked))).toEqual(new Set([true]));
  await server.clock.sleep(59_999);
  expect(await isSystemAdministrator(objectId)).toBe(true);
  expect(server.requests).toHaveLength(2);
  people[objectId] = { isEnabled: true, roleOf: 'nobody' };
  await server.clock.sleep(120_000);
  expect(await isSystemAdministrator(objectId)).toBe(true);
  await server.clock.sleep(1);
  expect(await isSystemAdministrator(objectId)).toBe(false);
});

test('who was disabled is out after three minutes, whatever was asked of them in between', async () => {
  const people = { [objectId]: { isEnabled: true, roleOf: 'own' } as Person };
  await using server = await webApiServer(organizationOf(people, { isDown: false }));
  expect(await server.dataverse.isEnabledUser(objectId)).toBe(true);
  people[objectId] = { isEnabled: false, roleOf: 'own' };
  await server.clock.sleep(keptSeconds * 1000 - 1);
  expect(await server.dataverse.isSystemAdministrator(objectId)).toBe(true);
  await server.clock.sleep(1);
  expect(await server.dataverse.isSystemAdministrator(objectId)).toBe(false);
});

test('an organization that does not tell is no answer, and is asked again', async () => {
  const weather = { isDown: true };
  await using server = await webApiServer(
    organizationOf({ [objectId]: { isEnabled: true, roleOf: 'team' } }, weather),
  );
  const unauthorized = { code: 'DATAVERSE_UNAUTHORIZED' };
  await expect(server.dataverse.isSystemAdministrator(objectId)).rejects.toMatchObject(unauthorized);
  await expect(server.dataverse.isEnabledUser(objectId)).rejects.toMatchObject(unauthorized);
  weather.isDown = false;
  expect(await server.dataverse.isSystemAdministrator(objectId)).toBe(true);
});

test('an organization that is down is given up soon, for somebody waits', async () => {
  await using server = await webApiServer([{ status: 503, body: '' }]);
  const started = server.clock.now().getTime();
  await expect(server.dataverse.isSystemAdministrator(objectId)).rejects.toMatchObject({
    code: 'DATAVERSE_UNREACHABLE',
  });
  expect(server.requests).toHaveLength(3);
  expect(server.clock.now().getTime() - started).toBeLessThan(5000);
});

describe('an answer of more than a minute', () => {
  /** One administrator, in an organization that answers at once or fails at once. */
  function administrator() {
    const clock = movedClock();
    const state = { isDown: false, hasRole: true, requests: 0 };
    const get = async (_: string, path: string) => {
      state.requests += 1;
      if (state.isDown) throw new ServiceError('DATAVERSE_UNREACHABLE', 'Cannot look up a user.');
      const id = /\$select=(\w+)/.exec(path)?.[1] ?? '';
      return { value: id === 'systemuserid' || state.hasRole ? [{ [id]: 'found' }] : [] };
    };
    const { isSystemAdministrator } = users({ get } as unknown as WebApi, clock);
    /** The answers of so many calls at one moment, after the time; what goes on behind them is waited for. */
    async function answersAfter(seconds: number, calls = 1): Promise<readonly (boolean | string)[]> {
      await clock.sleep(seconds * 1000);
      const asked = Array.from({ length: calls }, () =>
        isSystemAdministrator(objectId).catch((error: ServiceError) => error.code),
      );
      const answers = await Promise.all(asked);
      await new Promise(setImmediate);
      return [...new Set(answers)];
    }
    return { state, answersAfter };
  }

  test('is renewed behind the call that takes it, once for many calls', async () => {
    const { state, answersAfter } = administrator();
    expect(await answersAfter(0)).toEqual([true]);
    state.hasRole = false;
    expect(await answersAfter(60, 20)).toEqual([true]);
    expect(await answersAfter(0)).toEqual([false]);
    // The user and their own roles; later the user, their own roles and those of teams.
    expect(state.requests).toBe(5);
  });

  test('bridges an outage, but not beyond its three minutes', async () => {
    const { state, answersAfter } = administrator();
    await answersAfter(0);
    await answersAfter(60);
    state.isDown = true;
    for (const seconds of [60, 60, 59]) expect(await answersAfter(seconds)).toEqual([true]);
    expect(await answersAfter(1)).toEqual(['DATAVERSE_UNREACHABLE']);
    state.isDown = false;
    expect(await answersAfter(0)).toEqual([true]);
  });
});

const ids = ['1', '2', '3'].map((n) => `aaaaaaaa-0000-4000-8000-00000000000${n}`);
const change = fc.record({
  kind: fc.constant('change'),
  id: fc.constantFrom(...ids),
  isEnabled: fc.boolean(),
  roleOf: fc.constantFrom('own', 'team', 'nobody'),
});
const ask = fc.record({
  kind: fc.constantFrom('isSystemAdministrator', 'isEnabledUser'),
  id: fc.constantFrom(...ids),
});
const pass = fc.record({ kind: fc.constant('pass'), seconds: fc.nat(200) });
const weatherChange = fc.record({ kind: fc.constant('weather'), isDown: fc.boolean() });

test('whatever happens, what an answer rests on was true of that very user within the last three minutes, and no failure is a yes', async () => {
  const steps = fc.array(fc.oneof(ask, ask, change, pass, weatherChange), { minLength: 5, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const people: Record<string, Person> = {};
      const weather = { isDown: false };
      await using server = await webApiServer(organizationOf(people, weather));
      const now = () => server.clock.now().getTime();
      /** Since when each user has been what they are; the last entry is the present. */
      const lives = new Map(ids.map((id) => [id, [{ since: 0, isEnabled: false, hasRole: false }]]));
      for (const step of history) {
        if (step.kind === 'pass' && 'seconds' in step) await server.clock.sleep(step.seconds * 1000);
        else if (step.kind === 'weather' && 'isDown' in step) weather.isDown = step.isDown;
        else if (step.kind === 'change' && 'roleOf' in step) {
          const { id, isEnabled, roleOf } = step as Person & { id: string };
          people[id] = { isEnabled, roleOf };
          lives.get(id)?.push({ since: now(), isEnabled, hasRole: roleOf !== 'nobody' });
        } else if ('id' in step) {
          const question = step.kind as 'isSystemAdministrator' | 'isEnabledUser';
          const answer = await server.dataverse[question](step.id).catch(() => undefined);
          const life = lives.get(step.id) ?? [];
          const recent = life.filter(
            (_, index) => (life[index + 1]?.since ?? Infinity) > now() - keptSeconds * 1000,
          );
          const facts =
            question === 'isEnabledUser' ? ['isEnabled' as const] : (['isEnabled', 'hasRole'] as const);
          if (answer === undefined) expect(weather.isDown).toBe(true);
          else if (answer) for (const fact of facts) expect(recent.map((part) => part[fact])).toContain(true);
          else expect(recent.flatMap((part) => facts.map((fact) => part[fact]))).toContain(false);
        }
      }
    }),
    { numRuns: 150 },
  );
});
