import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { type ProgrammingModel, setProgrammingModel } from '../../local/host/functions-core.ts';
import { startWorkerHttp } from '../../local/host/worker-http.ts';

const modelWith = (getCapabilities: ProgrammingModel['getCapabilities']): ProgrammingModel => ({
  name: 'stub',
  version: '1',
  getInvocationModel: () => Promise.reject(new Error('nothing is invoked')) as never,
  getCapabilities,
});

/** As the library does it: on all addresses, and ready when the callback is called. */
function listening(): Promise<AddressInfo> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(() => {
      resolve(server.address() as AddressInfo);
      server.close();
    });
  });
}

test('the server of the library is reached from loopback only, and others as they ask', async () => {
  let opened: AddressInfo | undefined;
  setProgrammingModel(
    modelWith(async () => {
      opened = await listening();
      return { HttpUri: `http://localhost:${opened.port}/` };
    }),
  );
  expect(await startWorkerHttp()).toBe(opened?.port);
  expect(opened?.address).toBe('127.0.0.1');
  expect((await listening()).address).not.toBe('127.0.0.1');
});

test('an app without streams has none', async () => {
  setProgrammingModel(modelWith(async () => ({})));
  expect(await startWorkerHttp()).toBeUndefined();
});
