import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { failureBlobs } from '../../shared/adapters/storage/failure-blobs.ts';
import { signFailureLink } from '../../shared/adapters/storage/failure-link.ts';
import { failureLog } from '../../shared/adapters/storage/failure-log.ts';
import { storageAccount } from '../../shared/adapters/storage/storage-account.ts';
import { readDocument, writeDocument } from '../../shared/adapters/storage/table-document.ts';
import { anEntry } from '../contracts/failures.ts';

const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
const key = Buffer.from('a key').toString('base64');
const inAzure = storageAccount(
  {
    connectionString: `DefaultEndpointsProtocol=https;AccountName=contoso;AccountKey=${key};EndpointSuffix=core.windows.net`,
  },
  log,
);

describe('a storage account in Azure', () => {
  it('is reached over https with the identity of the app', async () => {
    const getToken = async () => null;
    const account = storageAccount({ accountName: 'contoso', credential: { getToken } }, log);
    expect(account.blobs.url).toBe('https://contoso.blob.core.windows.net/');
    expect(account.hasIdentity).toBe(true);
  });

  it('has links that work over https only', async () => {
    const link = await signFailureLink(inAzure, inAzure.blobs.getContainerClient('profile-1'));
    expect(link).toMatch(/^https:\/\/contoso\.blob\.core\.windows\.net\/profile-1\?/);
    expect(new URL(link).searchParams.get('spr')).toBe('https');
  });

  it('is refused when its connection string is none, without repeating it', () => {
    const connectionString = 'AccountKey=s3cret';
    expect(() => storageAccount({ connectionString }, log)).toThrow(
      'Cannot use the storage account: AzureWebJobsStorage is no connection string; expected one of a storage account.',
    );
  });

  async function refusalOf(link: string): Promise<string> {
    const blobs = failureBlobs(inAzure, { otherHosts: ['exporter.blob.example'] });
    const failure = await blobs
      .list(link)
      [Symbol.asyncIterator]()
      .next()
      .catch((error) => error);
    expect(failure).toMatchObject({ code: 'EXPORTER_ANSWER_UNREADABLE' });
    expect(failure.message).not.toContain('s3cret');
    return failure.message;
  }

  it.each([
    'https://elsewhere.example/profile-1?sig=s3cret',
    'http://contoso.blob.core.windows.net/profile-1?sig=s3cret',
    'http://127.0.0.1:10000/profile-1?sig=s3cret',
    'https://contoso.blob.core.windows.net:8443/profile-1?sig=s3cret',
    'https://contoso.blob.core.windows.net@elsewhere.example/profile-1?sig=s3cret',
    'no link at all s3cret',
  ])('follows no link to another place: %s', async (link) => {
    expect(await refusalOf(link)).toContain('exporter.blob.example');
  });

  it.each([
    ['?sig=s3cret', 'leads to no container'],
    ['profile-1/a/blob?sig=s3cret', 'leads to no container'],
    ['..%2Fother?sig=s3cret', 'leads to no container'],
    ['Profile_1?sig=s3cret', 'leads to no container'],
    ['profile-1?token=s3cret', 'has no signature'],
  ])('follows no link to anything but a signed container: %s', async (path, why) => {
    expect(await refusalOf(`https://contoso.blob.core.windows.net/${path}`)).toContain(why);
  });
});

describe('a failure log with a full file', () => {
  it('goes on in the next one when storage takes no more blocks', async () => {
    const full = new Set(['00001.log', '00002.log']);
    const appended: string[] = [];
    const server = createServer((request, response) => {
      request.resume();
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://storage');
      const file = pathname.slice(-9);
      const isFull = searchParams.get('comp') === 'appendblock' && full.has(file);
      if (searchParams.get('comp') === 'appendblock') appended.push(file);
      response.writeHead(isFull ? 409 : 201, isFull ? { 'x-ms-error-code': 'BlockCountExceedsLimit' } : {});
      response.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/contoso`;
    const endpoints = ['Blob', 'Queue', 'Table'].map((name) => `${name}Endpoint=${endpoint}`).join(';');
    const account = storageAccount(
      {
        connectionString: `DefaultEndpointsProtocol=http;AccountName=contoso;AccountKey=${key};${endpoints}`,
      },
      log,
    );
    const failures = failureLog(account);
    const at = new Date('2026-11-23T10:00:00Z');
    for (let count = 0; count < 2; count += 1) await failures.append('p', 'failurelog', [anEntry()], at);
    expect(appended).toEqual(['00001.log', '00002.log', '00003.log', '00003.log']);
    server.close();
    server.closeAllConnections();
  });
});

describe('a long document', () => {
  it('is cut between characters and comes back as it was', () => {
    const schema = { safeParse: (value: unknown) => ({ success: true as const, data: value }) };
    for (const start of ['', 'x']) {
      const document = { text: start + '😀'.repeat(50_000) };
      const entity = writeDocument({ partitionKey: 'p', rowKey: 'r' }, document);
      const parts = Object.entries(entity).flatMap(([name, part]) =>
        name.startsWith('document') ? [part] : [],
      );
      expect(parts.length).toBeGreaterThan(3);
      // What goes over the wire is UTF-8, in which half a character cannot be written.
      expect(parts.every((part) => `${part}`.isWellFormed() && `${part}`.length <= 32_768)).toBe(true);
      expect(readDocument('T', entity, schema)).toEqual(document);
    }
  });
});
