import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { managedIdentity } from '../../local/sign-ins.ts';
import { storageConnectionString } from '../../local/storage/start-storage.ts';
import { accountKeyPattern, leaksIn, leaksInAnswer, tokenPattern } from './leak-scan.ts';

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const token = [part({ typ: 'JWT', alg: 'RS256' }), part({ aud: 'api://x', oid: 'y' }), 'c2lnbmF0dXJl'].join(
  '.',
);
const key = Buffer.alloc(64, 'k3y').toString('base64');
const password = 'Zx9-unmistakable';

/** One of each kind, as it could come into a log. */
const planted: Readonly<Record<string, string>> = {
  'a bearer token': `authorization: Bearer ${token}`,
  'the key of a storage account': `AccountName=a;AccountKey=${key};`,
  'the signature of a shared access link': `https://a.blob.core.windows.net/c?sv=2020&sig=${encodeURIComponent(key)}`,
  'a login in an address': `Cannot connect to ${['postgres://exporter', 'exporter@127.0.0.1/reporting'].join(':')}.`,
  'a password of a connection string': 'Server=x;User Id=u;Password = exporter;Encrypt=True',
  'a known secret': `what a vault gave: ${password}`,
};

describe('the scan', () => {
  test.each(Object.entries(planted))('finds %s, also %%-encoded and as base64', (kind, text) => {
    const forms = {
      plain: text,
      json: JSON.stringify({ deep: [JSON.stringify({ text })] }),
      encoded: encodeURIComponent(text),
      base64: Buffer.from(JSON.stringify({ some: text })).toString('base64'),
    };
    for (const [form, written] of Object.entries(forms)) {
      const padded = `${'x'.repeat(5000)} ${written} ${'y'.repeat(5000)}`;
      expect(leaksIn(form, padded, [password])).toContainEqual({ place: form, kind });
    }
  });

  test("finds the header that proves the app's identity", () => {
    expect(leaksIn('log', `x-identity-header: ${managedIdentity.header}`)).toHaveLength(1);
  });

  test.each(Object.entries(planted).slice(0, 5))('finds %s in an answer', (kind, text) => {
    const leak = { place: 'an answer', kind };
    const body = { headers: [], text: JSON.stringify({ FailureBlobUri: 'x', Message: text }) };
    expect(leaksInAnswer('an answer', body)).toContainEqual(leak);
    expect(leaksInAnswer('an answer', { headers: [['Location', text]], text: '' })).toContainEqual(leak);
  });

  test('lets an answer hold the link that was asked for', () => {
    const text = JSON.stringify({ FailureBlobUri: planted['the signature of a shared access link'] });
    expect(leaksInAnswer('an answer', { headers: [], text })).toEqual([]);
  });

  test('does not tell what it found', () => {
    const found = Object.values(planted).flatMap((text) => leaksIn('log', text, [password]));
    expect(JSON.stringify(found)).not.toMatch(/exporter|unmistakable|eyJ/);
  });

  test.each([
    'https://vault.example/secrets/reporting/0123456789abcdef0123456789abcdef',
    'Cannot read the connection string in the secret; expected postgresql://user:password@host:5432/database, or ?authentication=entra.',
    'Entity: account, RecordId: N/A, NotificationTime: , ChangeType: Update, FailureReason: the login was refused',
    'etag W/"datetime\'2026-01-01T00%3A00%3A00Z\'" at http://127.0.0.1:7090/devstoreaccount1',
  ])('lets pass: %s', (text) => expect(leaksIn('log', text, [password])).toEqual([]));
});

const root = new URL('../../', import.meta.url);
const publicKey = /AccountKey=([^;]+)/.exec(storageConnectionString('a,b,c'))?.[1] ?? '';

test('no token and no account key stands in a file of the project, but the one that every Azurite has', () => {
  const folders =
    '{bench,docs,functions,infra,local,shared,tests}/**/*.{ts,md,json,txt,tsv,csv,bicep,sh,yaml,yml}';
  const files = [...globSync(folders, { cwd: root }), ...globSync('*.{md,ts,json,yaml}', { cwd: root })];
  expect(files.length).toBeGreaterThan(300);
  const found = files.filter((name) => {
    const text = readFileSync(new URL(name, root), 'utf8').replaceAll(publicKey, '');
    // Integrity hashes of packages look like keys.
    const sought = text.replaceAll(/"integrity": ".*"/g, '');
    return tokenPattern.test(sought) || accountKeyPattern.test(sought);
  });
  expect(found).toEqual([]);
});
