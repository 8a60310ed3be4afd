import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { secretAddress } from '../../shared/adapters/keyvault/secret-address.ts';

const hosts = ['vault.azure.net', 'vault.azure.cn', 'localhost:7082'];
const version = '0123456789abcdef0123456789ABCDEF';
const problemsOf = (address: string) => {
  const parsed = secretAddress(address, hosts);
  return 'problems' in parsed ? parsed.problems.join(' ') : '';
};

describe('an address that is taken', () => {
  const vaultUrl = 'https://v.vault.azure.net';
  test.each<[string, object]>([
    ['https://v.vault.azure.net/secrets/reporting', { vaultUrl, name: 'reporting' }],
    ['https://v.vault.azure.net/secrets/reporting/', { vaultUrl, name: 'reporting' }],
    ['https://v.vault.azure.net:443/secrets/reporting', { vaultUrl, name: 'reporting' }],
    [`https://v.vault.azure.net:443/secrets/reporting/${version}`, { vaultUrl, name: 'reporting', version }],
    [`https://v.vault.azure.net/secrets/Reporting-2/${version}/`, { vaultUrl, name: 'Reporting-2', version }],
    ['https://V.Vault.Azure.Net/secrets/r', { vaultUrl, name: 'r' }],
    ['https://localhost:7082/secrets/r', { vaultUrl: 'https://localhost:7082', name: 'r' }],
  ])('%s', (address, expected) => expect(secretAddress(address, hosts)).toEqual(expected));
});

describe('an address that is refused, with the reason', () => {
  test.each<[string, RegExp]>([
    ['', /must begin with https/],
    ['not an address', /must begin with https/],
    ['http://v.vault.azure.net/secrets/r', /must begin with https/],
    [' https://v.vault.azure.net/secrets/r', /begin with https.*white space/],
    ['https://v.vault.azure.net/secrets/r;', /path must be/],
    [`https://v.vault.azure.net/secrets/r/${version};`, /path must be/],
    ['https://v.vault.azure.net/Secrets/r', /path must be/],
    ['https://v.vault.azure.net/secrets/r?api-version=7.4', /query/],
    ['https://v.vault.azure.net/secrets/r#x', /fragment/],
    ['https://v.vault.azure.net/secrets/r?#', /query.*fragment/],
    ['https://user:word@v.vault.azure.net/secrets/r', /user name/],
    ['https://v.vault.azure.net@evil.example/secrets/r', /user name/],
    ['https://v.vault.azure.net:8443/secrets/r', /no allowed vault/],
    ['https://vault.azure.net/secrets/r', /no allowed vault/],
    ['https://evilvault.azure.net/secrets/r', /no allowed vault/],
    ['https://v.vault.azure.net.evil.example/secrets/r', /no allowed vault/],
    ['https://v.vault.azure.net./secrets/r', /no allowed vault/],
    ['https://evil.example\\.vault.azure.net/secrets/r', /form/],
    ['https://evil%2eexample%2f.vault.azure.net/secrets/r', /no allowed vault/],
    ['https://localhost:7083/secrets/r', /no allowed vault/],
    ['https://localhost/secrets/r', /no allowed vault/],
    ['https://a.localhost:7082/secrets/r', /no allowed vault/],
    ['https://v.vault.azure.net/keys/r', /path must be/],
    ['https://v.vault.azure.net/secrets/', /path must be/],
    ['https://v.vault.azure.net//secrets/r', /path must be/],
    ['https://v.vault.azure.net/secrets//r', /path must be/],
    ['https://v.vault.azure.net/secrets/r//', /path must be/],
    ['https://v.vault.azure.net/secrets/r/short', /path must be/],
    [`https://v.vault.azure.net/secrets/r/${version}/x`, /path must be/],
    ['https://v.vault.azure.net/secrets/../keys/r', /path must be/],
    ['https://v.vault.azure.net', /path must be/],
    ['https://evil.example/keys', /no allowed vault.*path must be/],
  ])('%s', (address, problem) => expect(problemsOf(address)).toMatch(problem));
});

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);
const name = fc.stringMatching(/^[0-9A-Za-z-]{1,127}$/);

test('every plain address is taken apart into what it was made of', () => {
  const hex = fc.option(fc.stringMatching(/^[0-9a-f]{32}$/), { nil: undefined });
  fc.assert(
    fc.property(label, name, hex, fc.boolean(), fc.boolean(), (vault, secret, hash, hasPort, hasSlash) => {
      const host = `${vault}.vault.azure.net`;
      const end = `${hash === undefined ? '' : `/${hash}`}${hasSlash ? '/' : ''}`;
      const parsed = secretAddress(`https://${host}${hasPort ? ':443' : ''}/secrets/${secret}${end}`, hosts);
      expect(parsed).toEqual({
        vaultUrl: `https://${host}`,
        name: secret,
        ...(hash === undefined ? {} : { version: hash }),
      });
    }),
  );
});

test('whatever is taken means the same to a URL parser, and leads to an allowed host', () => {
  const piece = fc.constantFrom(
    'https://',
    'http://',
    'v.vault.azure.net',
    'vault.azure.net',
    'evil.example',
    'localhost:7082',
    ':443',
    ':1',
    '/secrets/r',
    '/secrets/',
    '/',
    '//',
    '\\',
    '@',
    '?',
    '#',
    ';',
    '%2f',
    '..',
    '.',
    ' ',
    '\t',
    `/${version}`,
    'é',
  );
  const address = fc.oneof(
    fc.array(piece, { maxLength: 7 }).map((pieces) => pieces.join('')),
    fc
      .array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 5 })
      .map((pieces) => `https://${pieces.join('')}`),
  );
  fc.assert(
    fc.property(address, (text) => {
      const parsed = secretAddress(text, hosts);
      if ('problems' in parsed) {
        expect(parsed.problems.length).toBeGreaterThan(0);
        return;
      }
      const url = new URL(text);
      expect(url.origin).toBe(parsed.vaultUrl);
      expect(url.hostname === 'localhost' || url.hostname.endsWith('.vault.azure.net')).toBe(true);
      expect(url.pathname.replace(/\/$/, '')).toBe(
        `/secrets/${parsed.name}${parsed.version === undefined ? '' : `/${parsed.version}`}`,
      );
      expect(url.search + url.hash + url.username + url.password).toBe('');
    }),
    { numRuns: 5000 },
  );
});
