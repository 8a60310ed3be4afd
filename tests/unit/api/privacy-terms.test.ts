import { describe, expect, test } from 'vitest';
import { metadataPrivacyAccept } from '../../../shared/api/metadata-privacy-accept.ts';
import { metadataPrivacyGet } from '../../../shared/api/metadata-privacy-get.ts';
import { requirePrivacyTerms } from '../../../shared/api/privacy-terms.ts';
import {
  admin,
  deploying,
  errorOf,
  organization,
  powerless,
  reader,
  request,
  type Stub,
  stranger,
  stubPorts,
  ticketing,
} from './stub-ports.ts';

const organizationid = organization.id.toUpperCase();
const organizationurl = organization.url.slice(0, -1);
const ask = (stub: Stub, parts: Parameters<typeof request>[0] = {}) =>
  metadataPrivacyGet(request({ query: { organizationid }, ...parts }), stub.ports);
const answer = (stub: Stub, isauthorized: string, parts: Parameters<typeof request>[0] = {}) =>
  metadataPrivacyAccept(
    request({ query: { organizationurl, organizationid, isauthorized }, ...parts }),
    stub.ports,
  );

test('nobody has accepted the terms until somebody does', async () => {
  const stub = stubPorts();
  expect(await ask(stub)).toBe(false);
  expect(await answer(stub, 'true')).toBe(true);
  expect(await ask(stub)).toBe(true);
});

test('a later refusal counts, and each answer is kept with who and when', async () => {
  const stub = stubPorts();
  await answer(stub, 'True');
  expect(await answer(stub, ' FALSE ', { caller: deploying })).toBe(false);
  expect(await ask(stub)).toBe(false);
  const known = { organizationId: organization.id, answeredAt: '2026-11-23T10:00:00.000Z' };
  expect(stub.answers).toEqual([
    { ...known, isAccepted: true, answeredBy: admin.objectId },
    { ...known, isAccepted: false, answeredBy: '33333333-3333-4333-8333-333333333333' },
  ]);
});

test('only those who manage the organization ask and answer', async () => {
  const stub = stubPorts();
  for (const caller of [reader, stranger, ticketing, powerless]) {
    expect((await errorOf(ask(stub, { caller }))).code).toBe('REQUEST_NOT_ALLOWED');
    expect((await errorOf(answer(stub, 'true', { caller }))).code).toBe('REQUEST_NOT_ALLOWED');
  }
  expect(stub.answers).toEqual([]);
});

describe('an answer is refused', () => {
  test.each([
    [{}, ['organizationUrl', 'organizationId', 'isAuthorized']],
    [{ organizationurl, isauthorized: ' ' }, ['organizationId', 'isAuthorized']],
    [{ organizationurl, organizationid, isauthorized: 'yes' }, ['isAuthorized']],
    [{ organizationurl, isauthorized: '1' }, ['organizationId', 'isAuthorized']],
  ])('with all that is wrong, and what is allowed: %j', async (query, parameters) => {
    const stub = stubPorts();
    const error = await errorOf(answer(stub, '', { query }));
    expect(error).toMatchObject({ code: 'REQUEST_INVALID', parameters });
    expect(error.message).toContain('isAuthorized must be "true" or "false"');
    for (const name of parameters) expect(error.message).toMatch(new RegExp(`${name} (is missing|must be)`));
    expect(stub.answers).toEqual([]);
  });

  test('when URL and id are not of one organization', async () => {
    const stub = stubPorts();
    const query = { organizationurl, organizationid: crypto.randomUUID(), isauthorized: 'true' };
    expect((await errorOf(answer(stub, '', { query }))).code).toBe('ORGANIZATION_UNKNOWN');
    expect(stub.answers).toEqual([]);
  });
});

describe('what the terms stand in the way of', () => {
  const required = (stub: Stub, arePrivacyTermsRequired = true) =>
    requirePrivacyTerms(organization.id, { ...stub.ports, arePrivacyTermsRequired });

  test('goes on without an answer where no setting asks for one', async () => {
    await required(stubPorts(), false);
    const stub = stubPorts();
    await answer(stub, 'false');
    await required(stub, false);
  });

  test('is refused until they are accepted, and again after a refusal', async () => {
    const stub = stubPorts();
    const refused = { code: 'PRIVACY_TERMS_NOT_ACCEPTED', parameters: [organization.id] };
    expect(await errorOf(required(stub))).toMatchObject(refused);
    await answer(stub, 'true');
    await required(stub);
    await answer(stub, 'false');
    const error = await errorOf(required(stub));
    expect(error).toMatchObject(refused);
    expect(error.message).toContain(`"${admin.objectId}" refused`);
  });
});
