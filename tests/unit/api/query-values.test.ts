import functions from '@azure/functions';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { queryValues } from '../../../shared/api/query-values.ts';
import { answer } from '../../../shared/edge/answer.ts';
import type { Door } from '../../../shared/edge/door.ts';
import { ServiceError } from '../../../shared/errors.ts';
import type { ApiRequest } from '../../../shared/model/api-request.ts';
import { admin } from './stub-ports.ts';

const door: Door = {
  verifier: { verify: async () => admin },
  authorizationUri: 'https://login.example/common/oauth2/authorize',
  resourceId: 'api://export',
  log: { info: () => {}, warn: () => {}, error: () => {} },
};

/** What an operation is given of a query; as the host hands it on, values decoded and joined, or as the address says it. */
async function queryOf(raw: string, isDecodedByHost: boolean): Promise<ApiRequest['query']> {
  const url = new URL('https://export.example/crm/exporter/profiles');
  url.search = raw;
  const names = [...new Set(url.searchParams.keys())];
  const query = Object.fromEntries(names.map((name) => [name, url.searchParams.getAll(name).join(',')]));
  let seen: ApiRequest['query'] | undefined;
  const request = new functions.HttpRequest({
    method: 'GET',
    url: url.href,
    headers: { authorization: 'Bearer x' },
    ...(isDecodedByHost ? { query } : {}),
  });
  await answer(request, door, async (read) => {
    seen = read.query;
  });
  if (seen === undefined) throw new Error('the operation was not reached');
  return seen;
}

function outcomeOf<T>(read: () => T): T | ServiceError {
  try {
    return read();
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
}

const escapings: readonly ((value: string) => string)[] = [
  encodeURIComponent,
  (value) => encodeURIComponent(value).replace(/%../g, (digits) => digits.toLowerCase()),
  (value) => new URLSearchParams({ v: value }).toString().slice(2),
  (value) => [...Buffer.from(value)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
];

const anyCase = (name: string) =>
  fc
    .array(fc.boolean(), { minLength: name.length, maxLength: name.length })
    .map((upper) =>
      [...name].map((letter, at) => (upper[at] ? letter.toUpperCase() : letter.toLowerCase())).join(''),
    );

describe('query values', () => {
  test('come decoded once and trimmed, however they are escaped and their names are written', async () => {
    const value = fc.string({ unit: 'grapheme' }).filter((text) => text.trim() !== '');
    await fc.assert(
      fc.asyncProperty(
        fc.array(value, { minLength: 2, maxLength: 2 }),
        fc.tuple(anyCase('organizationUrl'), anyCase('organizationId')),
        fc.constantFrom(...escapings),
        fc.boolean(),
        async (values, names, escaped, isDecodedByHost) => {
          const raw = names.map((name, at) => `${name}=${escaped(values[at] ?? '')}`).join('&');
          expect(
            queryValues({ query: await queryOf(raw, isDecodedByHost) }, 'organizationUrl', 'organizationId'),
          ).toEqual({
            organizationUrl: values[0]?.trim(),
            organizationId: values[1]?.trim(),
          });
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('an address needs no escaping', async () => {
    const address = fc
      .tuple(
        fc.constantFrom('http', 'https'),
        fc.domain(),
        fc.constantFrom('', ':8443'),
        fc.constantFrom('', '/', '/org'),
      )
      .map(([scheme, host, port, path]) => `${scheme}://${host}${port}${path}`);
    await fc.assert(
      fc.asyncProperty(address, fc.boolean(), async (url, isDecodedByHost) => {
        const query = await queryOf(`organizationurl=${url}&organizationId=x`, isDecodedByHost);
        expect(queryValues({ query }, 'organizationUrl')).toEqual({ organizationUrl: url });
      }),
    );
  });

  test('any query gives what is required, or names all that is missing or not allowed', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'organizationUrl',
        'ORGANIZATIONID',
        'isAuthorized',
        'status',
        '=',
        '&',
        'true',
        '%',
        '%zz',
        '%E0%A4',
        '+',
        ';',
        '?',
        '__proto__',
        'constructor',
      ),
      fc.string({ unit: 'binary', maxLength: 6 }),
    );
    const names = ['organizationUrl', 'organizationId', 'isAuthorized', 'status'] as const;
    const truths = { isAuthorized: /^(true|false)$/i, status: /^(true|false|)$/i };
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), fc.boolean(), async (pieces, isDecodedByHost) => {
        const query = await queryOf(pieces.join(''), isDecodedByHost);
        const given = (name: string) => query[name.toLowerCase()]?.trim() ?? '';
        const isGood = (name: (typeof names)[number]) =>
          name in truths ? truths[name as keyof typeof truths].test(given(name)) : given(name) !== '';
        const read = (name: string) => (name in truths ? given(name).toLowerCase() : given(name));
        const outcome = outcomeOf(() => queryValues({ query }, ...names));
        if (names.every(isGood))
          expect(outcome).toEqual(Object.fromEntries(names.map((name) => [name, read(name)])));
        else
          expect(outcome).toMatchObject({
            code: 'REQUEST_INVALID',
            parameters: names.filter((name) => !isGood(name)),
            message: expect.stringMatching(/^Cannot answer the request: in its query, .{1,400}\.$/),
          });
      }),
      { numRuns: 1000 },
    );
  });

  test('a status is true, false or refused', () => {
    const value = fc.oneof(
      anyCase('true'),
      anyCase('false'),
      fc.constantFrom('', ' ', ' true ', '1', 'yes', 'true,true'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.option(value, { nil: undefined }), (status) => {
        const outcome = outcomeOf(() =>
          queryValues({ query: status === undefined ? {} : { status } }, 'status'),
        );
        const said = (status ?? '').trim().toLowerCase();
        if (said === 'true' || said === 'false' || said === '') expect(outcome).toEqual({ status: said });
        else expect(outcome).toMatchObject({ code: 'REQUEST_INVALID', parameters: ['status'] });
      }),
      { numRuns: 1000 },
    );
  });

  test('of a parameter that comes twice, whatever its case, no value is chosen', async () => {
    for (const raw of ['status=true&status=false', 'status=true&STATUS=false', 'Status=false&status=true'])
      for (const isDecodedByHost of [true, false]) {
        const query = await queryOf(raw, isDecodedByHost);
        expect(outcomeOf(() => queryValues({ query }, 'status'))).toMatchObject({ code: 'REQUEST_INVALID' });
      }
  });
});
