import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openServerCertificate } from '../../local/keyvault/certificate.ts';
import { failureBlobs } from '../../shared/adapters/storage/failure-blobs.ts';
import { signFailureLink } from '../../shared/adapters/storage/failure-link.ts';

// An Azurite of its own: one that takes Entra tokens, and so speaks https.
const folder = mkdtempSync(join(tmpdir(), 'failure-link-'));
let blobs: BlobServiceClient;
let stop = () => {};

/** Azurite looks at a token's issuer, audience and times, not at its signature. */
function token(): string {
  const seconds = Math.floor(Date.now() / 1000);
  const tenant = '11111111-1111-4111-8111-111111111111';
  const claims = {
    aud: 'https://storage.azure.com',
    iss: `https://sts.windows.net/${tenant}/`,
    ...{ nbf: seconds - 60, iat: seconds - 60, exp: seconds + 3600, tid: tenant, oid: tenant },
  };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.c2lnbmF0dXJl`;
}

beforeAll(async () => {
  const { cert, key, caFile } = openServerCertificate(folder);
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(caFile, 'utf8')]);
  writeFileSync(join(folder, 'cert.pem'), cert);
  writeFileSync(join(folder, 'key.pem'), key);
  const program = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js');
  const azurite = spawn(
    process.execPath,
    [
      ...[program, '--blobPort', '0', '--inMemoryPersistence', '--skipApiVersionCheck', '--disableTelemetry'],
      ...[
        '--oauth',
        'basic',
        '--cert',
        join(folder, 'cert.pem'),
        '--key',
        join(folder, 'key.pem'),
        '--silent',
      ],
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  stop = () => azurite.kill();
  for await (const line of createInterface({ input: azurite.stdout })) {
    const url = /successfully listens on (\S+)/.exec(line)?.[1];
    if (!url) continue;
    const getToken = async () => ({ token: token(), expiresOnTimestamp: Date.now() + 3_600_000 });
    blobs = new BlobServiceClient(`${url}/devstoreaccount1`, { getToken });
    break;
  }
});

afterAll(() => {
  stop();
  rmSync(folder, { recursive: true });
});

describe('a link signed with the identity of the app', () => {
  it('opens for anybody, to read and list and nothing else', async () => {
    const container = blobs.getContainerClient('profile-1');
    await container.create();
    await container.uploadBlockBlob('failurelog/1.log', 'text', 4);
    const link = await signFailureLink({ blobs, hasIdentity: true }, container);

    const read = failureBlobs({ blobs });
    const texts: string[] = [];
    for await (const { name, length } of read.list(link))
      for await (const piece of (await read.read(link, name, 1, length)) ?? [])
        texts.push(Buffer.from(piece).toString());
    expect(texts).toEqual(['ext']);

    const url = new URL(link);
    expect(url.searchParams.get('skoid')).not.toBeNull();
    expect(url.searchParams.get('sp')).toBe('rl');
    const blob = `${url.origin}${url.pathname}/failurelog/1.log`;
    expect((await fetch(`${blob}${url.search}`, { method: 'DELETE' })).status).toBe(403);
    expect((await fetch(blob)).ok).toBe(false);
  });
});
