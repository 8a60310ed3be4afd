import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { pipeline } from 'node:stream';

/** Stands before a server on this machine and counts what goes through. */
export interface CountingProxy {
  readonly port: number;
  /** Requests or connections so far. */
  count(): number;
  close(): void;
}

/** Counts HTTP requests to this origin. */
export async function countingProxy(origin: string): Promise<CountingProxy> {
  let requests = 0;
  const agent = new Agent({ keepAlive: true });
  const server = createServer((incoming, outgoing) => {
    requests += 1;
    const { method, headers } = incoming;
    const onward = request(new URL(incoming.url ?? '/', origin), { agent, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      pipeline(answer, outgoing, () => {});
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    count: () => requests,
    close() {
      server.close();
      server.closeAllConnections();
      agent.destroy();
    },
  };
}

/** Counts connections to this port: enough to see that a server was not called, where TLS hides the requests. */
export async function connectionCounter(port: number): Promise<CountingProxy> {
  let connections = 0;
  const server = createTcpServer((socket) => {
    connections += 1;
    const onward = connect(port, '127.0.0.1');
    pipeline(socket, onward, socket, () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    count: () => connections,
    close: () => void server.close(),
  };
}
