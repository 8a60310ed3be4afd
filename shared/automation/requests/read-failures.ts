import { asNamed, ServiceError } from '../../errors.ts';
import { failuresQuerySchema } from '../../model/automation-api/forms.ts';
import { readQuery } from '../../model/automation-api/read-form.ts';
import type { Failure } from '../../model/failure.ts';
import { ok } from './accept.ts';
import { organizationFilter, profileFor } from './permitted.ts';
import type { RequestPorts, UseCase } from './request-ports.ts';

/**
 * Failures by profile, then by table and row. The order stays while pages are turned: a failure keeps its place whatever
 * becomes of it, and a new one takes the place that it has by then.
 */
export const listFailures: UseCase = async ({ caller, query }, ports) => {
  const { profileId, limit, continuation, ...filter } = readQuery(failuresQuerySchema, query);
  const profileIds =
    profileId === undefined
      ? await permittedProfileIds({ caller }, ports)
      : [(await profileFor(caller, profileId, ports)).id];
  let [current, after] = readContinuation(continuation);
  if (profileId !== undefined && current !== '' && !profileIds.includes(current)) throw noContinuation();
  const items: Omit<Failure, 'history'>[] = [];
  for (const id of profileIds.filter((each) => each >= current)) {
    if (id !== current) after = '';
    current = id;
    if (items.length === limit) return ok({ items, continuation: writeContinuation(id, '') });
    const part = await ports.ledger.list(id, filter, limit - items.length, after);
    items.push(...part.items.map(({ history: _, ...failure }) => failure));
    if (part.continuation !== undefined)
      return ok({ items, continuation: writeContinuation(id, part.continuation) });
  }
  return ok({ items });
};

async function permittedProfileIds(
  { caller }: Pick<Parameters<UseCase>[0], 'caller'>,
  ports: RequestPorts,
): Promise<readonly string[]> {
  const isPermitted = await organizationFilter(caller, ports);
  const profiles = await ports.exporter.profiles();
  return profiles
    .filter(({ organizationId }) => isPermitted(organizationId))
    .map(({ id }) => id)
    .sort();
}

const writeContinuation = (profileId: string, failureId: string) =>
  Buffer.from(`${profileId} ${failureId}`).toString('base64url');

/** Profile and failure after which the list goes on. */
function readContinuation(text: string | undefined): [profileId: string, failureId: string] {
  if (text === undefined) return ['', ''];
  const found = /^([0-9a-f-]{36}) (\S*)$/.exec(Buffer.from(text, 'base64url').toString());
  if (found) return [found[1] ?? '', found[2] ?? ''];
  throw noContinuation();
}

const noContinuation = () =>
  new ServiceError(
    'REQUEST_INVALID',
    'Cannot list failures: the continuation is none of this list; expected the one that an earlier answer gave.',
    { parameters: ['continuation'] },
  );

/** One failure with its whole life. */
export const getFailure: UseCase = async ({ caller, id = '', failureId = '' }, ports) => {
  const profile = await profileFor(caller, id, ports);
  const failure = await ports.ledger.get(profile.id, failureId);
  if (failure) return ok(failure);
  throw new ServiceError(
    'FAILURE_NOT_FOUND',
    `Cannot find failure ${JSON.stringify(asNamed(failureId))}: the profile has none with this id.`,
  );
};
