import { expect, inject } from 'vitest';
import { leaksInAnswer } from '../scenarios/leak-scan.ts';
import { headerValues, type RawAnswer, type RawParts, rawRequest } from '../scenarios/raw-request.ts';
import { trialProfiles } from './trial-profiles.ts';

/** Calls with the administrator's token for tests that look at answers themselves; to be made at the top of a file. */
export function anyClient(style: string) {
  const deployment = inject('deployment');
  const { address, tokens, tables } = deployment;
  const profiles = trialProfiles(style);
  const send = async (method: string, path: string, { headers = {}, ...rest }: RawParts = {}) => {
    const answered = await rawRequest(address, method, `/crm/exporter${path}`, {
      headers: { Authorization: `Bearer ${tokens.admin}`, ...headers },
      ...rest,
    });
    expect(leaksInAnswer(`${method} ${path}`, answered)).toEqual([]);
    return answered;
  };
  const post = (path: string, body: unknown, method = 'POST') =>
    send(method, path, { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  const description = (differences: object = {}) => ({
    ...profiles.fresh(),
    DestinationSchemaName: 'dbo',
    Entities: tables.map((Type) => ({ Type, Settings: {} })),
    RetryPolicy: { MaxRetryCount: 1, IntervalInSeconds: 1, Backoff: 0 },
    WriteDeleteLog: true,
    ...differences,
  });
  return {
    deployment,
    send,
    post,
    description,
    create: async (differences: object = {}) => successOf(await post('/profiles', description(differences))),
  };
}

/** The JSON of an answer that must be a success; undefined for an empty body. */
export function successOf(answered: RawAnswer) {
  expect([answered.status, answered.status === 200 ? '' : answered.text]).toEqual([200, '']);
  if (answered.text === '') return undefined;
  expect(headerValues(answered, 'content-type')).toEqual(['application/json; charset=utf-8']);
  return JSON.parse(answered.text);
}

/** What every `ErrorResponse` looks like. */
export const anyErrorResponse = () => ({
  CorrelationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  ErrorCode: expect.stringMatching(/^[A-Z_]+$/),
  Message: expect.stringMatching(/^Cannot /),
  Details: expect.any(String),
  Parameters: expect.any(Array),
});

/** The `ErrorResponse` of an answer that must have this status; its words are for people and tell nothing of the code. */
export function errorOf(
  answered: RawAnswer,
  status: number,
): { readonly Message: string; readonly ErrorCode: string } {
  expect([answered.status, answered.status === status ? '' : answered.text]).toEqual([status, '']);
  expect(headerValues(answered, 'content-type')).toEqual(['application/json; charset=utf-8']);
  const body = JSON.parse(answered.text);
  expect(body).toEqual(anyErrorResponse());
  expect(answered.text).not.toMatch(/\n\s+at |\\n\s+at |\.ts:\d|node_modules/);
  return body;
}
