import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readHostSettings, withSettings } from '../../local/host/host-settings.ts';
import { compileRoute, matchRoute } from '../../local/host/routes.ts';

const templates = [
  'profiles',
  'profiles/validate',
  'profiles/{id:guid}',
  'profiles/{name}',
  'profiles/{id}/rows/{number:int?}',
  '{*rest}',
];
const routes = templates.map((template) => compileRoute(template, ['get'], template));

describe('the first route that fits answers', () => {
  test.each([
    ['/profiles', 'profiles', {}],
    ['/Profiles/', 'profiles', {}],
    ['/PROFILES/Validate', 'profiles/validate', {}],
    ['/profiles/x', 'profiles/{name}', { name: 'x' }],
    [
      '/profiles/00000000-0000-4000-8000-00000000000A',
      'profiles/{id:guid}',
      { id: '00000000-0000-4000-8000-00000000000A' },
    ],
    ['/profiles/x/rows', 'profiles/{id}/rows/{number:int?}', { id: 'x' }],
    ['/profiles/x/rows/12', 'profiles/{id}/rows/{number:int?}', { id: 'x', number: '12' }],
    ['/profiles/x/rows/twelve', '{*rest}', { rest: 'profiles/x/rows/twelve' }],
    ['/profiles//rows', '{*rest}', { rest: 'profiles//rows' }],
    ['//profiles', '{*rest}', { rest: '/profiles' }],
    ['/profiles/a%2Fb%20c', 'profiles/{name}', { name: 'a%2Fb c' }],
    ['/profiles/%E0%A4%A', 'profiles/{name}', { name: '%E0%A4%A' }],
    ['/', '{*rest}', {}],
  ])('%s -> %s', (path, target, params) => {
    expect(matchRoute(routes, 'GET', path)).toEqual({ target, params });
  });

  test('though a later one is more specific', () => {
    expect(matchRoute(routes.toReversed(), 'GET', '/profiles/validate')).toMatchObject({ target: '{*rest}' });
  });

  test('of those that take the method', () => {
    expect(matchRoute(routes, 'POST', '/profiles')).toBeUndefined();
  });
});

test('any text that can stand in a path arrives as it was', () => {
  // An escaped slash stays escaped.
  const name = fc
    .string({ minLength: 1, unit: 'grapheme' })
    .filter((text) => !['.', '..'].includes(text) && !text.includes('/'));
  fc.assert(
    fc.property(name, (text) => {
      const match = matchRoute(
        [compileRoute('x/{name}/y', ['GET'], 1)],
        'GET',
        `/x/${encodeURIComponent(text)}/y`,
      );
      expect(match?.params).toEqual({ name: text });
    }),
  );
});

test.each(['a/{b:regex(x)}', 'a/{b', '{b:unknown}', 'x{b}'])('template "%s" is refused', (template) => {
  expect(() => compileRoute(template, [], 1)).toThrow('Cannot read route');
});

test('settings are filled in, and all missing ones named', () => {
  expect(withSettings('%A%-x-%B%', { A: '1', B: '2' })).toBe('1-x-2');
  expect(() => withSettings('%A%-%B%', {})).toThrow('setting A, B is missing');
});

test('the host.json of this project is obeyed', () => {
  expect(readHostSettings('host.json')).toEqual({
    routePrefix: '',
    queues: {
      batchSize: 16,
      newBatchThreshold: 8,
      maxDequeueCount: 5,
      maxPollingIntervalSeconds: 2,
      visibilityTimeoutSeconds: 10,
      messageEncoding: 'base64',
    },
  });
});
