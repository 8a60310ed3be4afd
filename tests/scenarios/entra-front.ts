import { connect, createServer, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { listenOnLoopback } from '../../local/loopback-server.ts';

/** Log-ins by token in front of a PostgreSQL that trusts whoever comes from there. */
export interface EntraFront {
  readonly port: number;
  /** Log-ins so far. */
  readonly counts: { accepted: number; refused: number };
  close(): Promise<void>;
}

const sslRequest = 80_877_103;
const askPassword = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]);
const refusal = Buffer.concat([
  Buffer.from([0x45, 0, 0, 0, 33]),
  Buffer.from('SFATAL\0C28P01\0Mtoken refused\0\0', 'latin1'),
]);

/** What Azure Database for PostgreSQL does with people of Entra: TLS or nothing, and then the token as a password. */
export async function startEntraFront(options: {
  readonly cert: string;
  readonly key: string;
  readonly databasePort: number;
  isAccepted(token: string): Promise<boolean>;
}): Promise<EntraFront> {
  const counts = { accepted: 0, refused: 0 };
  const sockets = new Set<Socket>();
  const keep = <S extends Socket>(socket: S): S => {
    sockets.add(socket);
    return socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };

  async function admit(plain: Socket): Promise<void> {
    const request = await readExactly(plain, 8);
    if (request.readInt32BE(4) !== sslRequest) return void plain.destroy();
    plain.write('S');
    const client = keep(new TLSSocket(plain, { isServer: true, cert: options.cert, key: options.key }));
    const startLength = await readExactly(client, 4);
    const start = Buffer.concat([startLength, await readExactly(client, startLength.readInt32BE(0) - 4)]);
    client.write(askPassword);
    const head = await readExactly(client, 5);
    const token = (await readExactly(client, head.readInt32BE(1) - 4)).toString().replace(/\0$/, '');
    const isAccepted = await options.isAccepted(token);
    counts[isAccepted ? 'accepted' : 'refused'] += 1;
    if (!isAccepted) return void client.end(refusal);
    const database = keep(connect(options.databasePort, '127.0.0.1'));
    database.on('close', () => client.destroy());
    client.on('close', () => database.destroy());
    database.write(start);
    client.pipe(database).pipe(client);
  }

  const server = createServer((socket) => void admit(keep(socket)).catch(() => socket.destroy()));
  const port = await listenOnLoopback(server, 0);
  return {
    port,
    counts,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

async function readExactly(stream: Readable, length: number): Promise<Buffer> {
  for (;;) {
    const bytes = stream.read(length) as Buffer | null;
    if (bytes?.length === length) return bytes;
    if (stream.destroyed || stream.readableEnded) throw new Error('The connection ended too early.');
    await new Promise<void>((resolve) => {
      stream.once('readable', resolve);
      stream.once('close', resolve);
    });
  }
}
