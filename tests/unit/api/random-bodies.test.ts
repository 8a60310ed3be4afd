import functions from '@azure/functions';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { profilesCreate } from '../../../shared/api/profiles-create.ts';
import { profilesUpdate } from '../../../shared/api/profiles-update.ts';
import { profilesValidate } from '../../../shared/api/profiles-validate.ts';
import { profileDetails } from '../../../shared/api/wire-format.ts';
import { answer } from '../../../shared/edge/answer.ts';
import type { Door } from '../../../shared/edge/door.ts';
import { errorCodes } from '../../../shared/error-codes.ts';
import { type Profile, profileSchema } from '../../../shared/model/profile.ts';
import { oddBodies } from '../../compat/odd-bodies.ts';
import { admin, description, request, stubPorts } from './stub-ports.ts';

const bodies = 100_000;

test(`${bodies} odd bodies are each answered as the contract has it, never with a 5xx, and what is stored can be read`, async () => {
  const { ports, profiles } = stubPorts();
  const { Id = '' } = await profilesCreate(request({ body: description }), ports);
  const profile = profiles.get(Id) as Profile;
  const door: Door = {
    verifier: { verify: async () => admin },
    authorizationUri: 'https://login.example/common/oauth2/authorize',
    resourceId: 'api://export',
    log: { info: () => {}, warn: () => {}, error: () => {} },
  };
  const calls = {
    create: { method: 'POST', path: '/profiles', operation: profilesCreate, errors: [400] },
    validate: { method: 'POST', path: '/profiles/validate', operation: profilesValidate, errors: [400] },
    update: { method: 'PUT', path: `/profiles/${Id}`, operation: profilesUpdate, errors: [400, 412] },
  };
  const seen = new Map<string, number>();

  const isAnsweredWell = async (call: keyof typeof calls, bytes: Buffer) => {
    profiles.clear();
    profiles.set(Id, profile);
    const { method, path, operation, errors } = calls[call];
    const url = `https://export.example/crm/exporter${path}`;
    const params = call === 'update' ? { id: Id } : {};
    const headers = { authorization: 'Bearer x', 'content-type': 'application/json' };
    const sent = new functions.HttpRequest({ method, url, params, headers, body: { bytes } });
    const { status = 0, body } = await answer(sent, door, (read) => operation(read, ports));
    seen.set(`${call} ${status}`, (seen.get(`${call} ${status}`) ?? 0) + 1);
    const json = JSON.parse(String(body));
    if (status !== 200) {
      expect(errors).toContain(status);
      expect(Object.keys(json)).toEqual(['CorrelationId', 'ErrorCode', 'Message', 'Details', 'Parameters']);
      expect(Object.keys(errorCodes)).toContain(json.ErrorCode);
      expect(json.Message).toMatch(/^Cannot /);
      expect(json.Parameters.every((one: unknown) => typeof one === 'string')).toBe(true);
      expect(String(body).length).toBeLessThan(20_000);
    }
    for (const stored of profiles.values()) {
      if (stored === profile) continue;
      const read = profileSchema.parse(JSON.parse(JSON.stringify(stored)));
      expect(profileDetails(read)).toEqual(profileDetails(stored));
    }
  };

  const good = profileDetails(profile);
  const { Id: _, Version: __, ...fresh } = { ...good, Name: 'Another', DestinationPrefix: 'other' };
  for (const [call, document, share] of [
    ['create', fresh, 0.5],
    ['validate', fresh, 0.2],
    ['update', good, 0.3],
  ] as const)
    await fc.assert(
      fc.asyncProperty(oddBodies(document), (bytes) => isAnsweredWell(call, bytes)),
      { numRuns: bodies * share },
    );
  // The bodies reach all the way: some are refused as descriptions, some are taken.
  for (const outcome of [
    'create 200',
    'create 400',
    'validate 200',
    'update 200',
    'update 400',
    'update 412',
  ])
    expect([outcome, (seen.get(outcome) ?? 0) > 100]).toEqual([outcome, true]);
});
