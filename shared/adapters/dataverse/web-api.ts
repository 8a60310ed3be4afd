import { hasCode, type ServiceError } from '../../errors.ts';
import type { AccessTokens } from '../../ports/access-tokens.ts';
import type { Clock } from '../../ports/clock.ts';
import { type Begun, identityPace, type PaceOptions } from './identity-pace.ts';
import { dataverseError, limitOf } from './map-error.ts';
import {
  answerOf,
  errorOf,
  receive,
  refusalIn,
  timeoutOf,
  urlOf,
  type WebApiAnswer,
  type WebApiRequest,
} from './one-request.ts';
import { requestLine, type Urgency } from './request-line.ts';
import { isRefusal, tableProofs } from './table-proofs.ts';

/** One more application user of the organizations. */
export interface FurtherIdentity {
  readonly clientId: string;
  readonly tokens: AccessTokens;
}

export interface WebApiOptions {
  /** Origin of the organization, without a slash at the end. */
  readonly origin: string;
  /** Of the app's own identity. */
  readonly tokens: AccessTokens;
  /** They share the reads with it. */
  readonly furtherIdentities?: readonly FurtherIdentity[];
  readonly pace?: PaceOptions;
  readonly clock: Clock;
}

/** The Web API of one organization, one for the whole process: all requests stand in one line for its identities. */
export interface WebApi {
  readonly origin: string;
  /** The same, as each identity alone. */
  readonly ofEach: readonly WebApi[];
  /** Fails with a `DATAVERSE_*` code after at most 5 tries (3 if awaited) and 60 s of waiting; calls no other origin. */
  send(request: WebApiRequest): Promise<WebApiAnswer>;
  get<T>(
    purpose: string,
    path: string,
    headers?: Readonly<Record<string, string>>,
    more?: Pick<WebApiRequest, 'isAwaited' | 'isUrgent' | 'rowsOf' | 'mayLackRows'>,
  ): Promise<T>;
}

const mostTries = 5;
const mostWaitMilliseconds = 60_000;
const mostTriesOfAwaited = 3;
const leftOutMilliseconds = 600_000;
const presetPace: PaceOptions = { mostAtOnce: 32, sharePercent: 80 };

interface Identity extends Partial<FurtherIdentity> {
  readonly tokens: AccessTokens;
  readonly pace: ReturnType<typeof identityPace>;
  leftOutUntil: number;
}

export function webApi(options: WebApiOptions): WebApi {
  const { origin, clock } = options;
  const identities: readonly Identity[] = [
    { tokens: options.tokens },
    ...(options.furtherIdentities ?? []),
  ].map((one) => ({ ...one, pace: identityPace(options.pace ?? presetPace), leftOutUntil: 0 }));
  const everyone = identities.map((_, index) => index);
  const paces = identities.map(({ pace }) => pace);
  const line = requestLine(paces, clock);
  const time = () => clock.now().getTime();
  const proofs = tableProofs(
    (identity, { logicalName, entitySetName, primaryId }) =>
      send([identity], {
        purpose: `read table "${logicalName}"`,
        path: `${entitySetName}?$select=${primaryId}`,
        headers: { prefer: 'odata.track-changes,odata.maxpagesize=1' },
      }),
    clock,
  );

  /** As `send`. Where rows may be missing, who has read them shows afterwards that none is, or another one reads. */
  async function sendUntilWhole(among: readonly number[], request: WebApiRequest): Promise<WebApiAnswer> {
    const { answer, identity } = await send(among, request);
    const { rowsOf, mayLackRows } = request;
    if (!rowsOf || !mayLackRows?.(answer.body)) return answer;
    try {
      await proofs.showAgain(identity, rowsOf);
      return answer;
    } catch (error) {
      const others = among.filter((other) => other !== identity);
      const mayOthers = isRefusal(error) || hasCode(error, 'DATAVERSE_THROTTLED');
      if (!mayOthers || others.length === 0) throw error;
      return sendUntilWhole(others, request);
    }
  }

  async function send(among: readonly number[], asked: WebApiRequest) {
    const request = among === everyone ? asked : { ...asked, purpose: asked.purpose + nameOf(among) };
    urlOf(request, origin);
    const started = time();
    const tries = request.isAwaited ? mostTriesOfAwaited : mostTries;
    const refused = new Map<number, ServiceError>();
    let waited = 0;

    for (let attempt = 1; ; attempt++) {
      const able = (await ableTo(request, among)).filter((identity) => !refused.has(identity));
      const [firstRefusal] = refused.values();
      if (able.length === 0 && firstRefusal) throw firstRefusal;
      const turn = await line.take({
        urgency: urgencyOf(request),
        among: able,
        mostMilliseconds: mostWaitMilliseconds - waited,
        givesWay: request.patch !== undefined,
      });
      if (!('identity' in turn)) throw paused(request, turn.retryAfterSeconds);
      waited += turn.waitedMilliseconds;
      try {
        const { identity, begun } = turn;
        return { answer: await asIdentity(identity, begun, request), identity };
      } catch (error) {
        if (hasCode(error, 'DATAVERSE_THROTTLED')) {
          const isLast = attempt >= mostTries + able.length - 1 || request.patch !== undefined;
          if (isLast) throw error;
        } else if (hasCode(error, 'DATAVERSE_UNREACHABLE', 'DATAVERSE_BUSY', 'DATAVERSE_ANSWER_UNREADABLE')) {
          const hasTakenLong = time() - started >= timeoutOf(request);
          if (attempt >= tries || hasTakenLong) throw error;
          const wait = (error.retryAfterSeconds ?? 2 ** (attempt - 1)) * 1000 * (1 + Math.random() / 4);
          if (waited + wait > mostWaitMilliseconds) throw error;
          waited += wait;
          await clock.sleep(wait);
        } else if (isOfIdentity(error, request) && able.length > 1) {
          refused.set(turn.identity, error);
          attempt--;
        } else throw error;
      }
    }
  }

  /** Who is not known to be no member of the organization; of those who read rows, who may read all of the table. */
  async function ableTo(
    { patch, rowsOf }: WebApiRequest,
    among: readonly number[],
  ): Promise<readonly number[]> {
    if (patch) return among.slice(0, 1);
    const members = among.filter((identity) => identityAt(identity).leftOutUntil <= time());
    const asked = members.length === 0 ? among : members;
    return rowsOf && asked.length > 1 ? proofs.givenBy(asked, rowsOf) : asked;
  }

  const identityAt = (index: number) => identities[index] as Identity;

  /** Takes the request's place to its end, whatever happens. */
  async function asIdentity(index: number, begun: Begun, request: WebApiRequest): Promise<WebApiAnswer> {
    const identity = identityAt(index);
    let end = () => identity.pace.failed();
    try {
      const token = await tokenFor(identity, request);
      let received = await receive(request, origin, token, clock);
      let error = errorOf(request, origin, received);
      if (hasCode(error, 'DATAVERSE_UNAUTHORIZED')) {
        received = await receive(request, origin, await tokenFor(identity, request, token), clock);
        error = errorOf(request, origin, received);
      }
      const { news, retryAfterSeconds } = received;
      const limit = hasCode(error, 'DATAVERSE_THROTTLED') ? limitOf(refusalIn(received)) : undefined;
      end = limit
        ? () => identity.pace.refused(begun, time(), limit, retryAfterSeconds)
        : () => identity.pace.answered(begun, time(), news);
      if (error) throw error;
      return answerOf(request, origin, received);
    } catch (error) {
      if (hasCode(error, 'DATAVERSE_UNAUTHORIZED')) identity.leftOutUntil = time() + leftOutMilliseconds;
      if (request.rowsOf && hasCode(error, 'DATAVERSE_PRIVILEGE_MISSING'))
        proofs.withdraw(index, request.rowsOf);
      throw error;
    } finally {
      end();
      line.advance();
    }
  }

  async function tokenFor({ tokens }: Identity, { purpose }: WebApiRequest, refusedToken?: string) {
    try {
      return await tokens.forResource(origin, refusedToken);
    } catch (cause) {
      const happened = "the app's own identity got no token";
      throw dataverseError('DATAVERSE_UNAUTHORIZED', purpose, origin, happened, { cause });
    }
  }

  const paused = ({ purpose }: WebApiRequest, retryAfterSeconds: number) =>
    dataverseError('DATAVERSE_THROTTLED', purpose, origin, 'Dataverse asked to wait', { retryAfterSeconds });

  /** Which one was asked; of a single one nobody wants to know. */
  const nameOf = ([index = 0]: readonly number[]) =>
    everyone.length === 1 ? '' : ` as ${identityAt(index).clientId ?? "the app's first identity"}`;

  const apiOf = (among: readonly number[], ofEach: readonly WebApi[]): WebApi => ({
    origin,
    ofEach,
    send: (request) => sendUntilWhole(among, request),
    async get<T>(
      purpose: string,
      path: string,
      headers: Readonly<Record<string, string>> = {},
      more: Pick<WebApiRequest, 'isAwaited' | 'isUrgent' | 'rowsOf' | 'mayLackRows'> = {},
    ) {
      const { body } = await sendUntilWhole(among, { purpose, path, headers, ...more });
      if (typeof body !== 'object' || body === null)
        throw dataverseError('DATAVERSE_ANSWER_UNREADABLE', purpose, origin, 'the answer is no object');
      return body as T;
    },
  });
  return apiOf(
    everyone,
    everyone.map((index) => apiOf([index], [])),
  );
}

function urgencyOf({ patch, isAwaited, isUrgent, rowsOf }: WebApiRequest): Urgency {
  if (patch) return 'write';
  if (isAwaited || isUrgent) return 'awaited';
  return rowsOf ? 'bulk' : 'usual';
}

/**
 * Whether another identity may get what this one was refused. That the links of a read are those of a user is documented
 * nowhere, nor what is said of another user's: perhaps that they have expired.
 */
function isOfIdentity(error: unknown, { rowsOf }: WebApiRequest): error is ServiceError {
  if (hasCode(error, 'DATAVERSE_UNAUTHORIZED', 'DATAVERSE_PRIVILEGE_MISSING')) return true;
  return rowsOf !== undefined && hasCode(error, 'DATAVERSE_REQUEST_REFUSED', 'DATAVERSE_DELTA_TOKEN_EXPIRED');
}
