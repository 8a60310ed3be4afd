import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** What a client sent: the packets of one message, put together. */
export interface TdsMessage {
  readonly type: number;
  readonly payload: Buffer;
  /** Lengths of its packets, headers included. */
  readonly packets: readonly number[];
}

/** Types of messages: MS-TDS 2.2.3.1.1. */
export const messageTypes = { batch: 1, bulkLoad: 7, login: 16, prelogin: 18 } as const;

/** Latin1_General_CI_AS, as the server tells it at the login. */
export const collation = Buffer.from('0904d00034', 'hex');

const done = Buffer.from('fd000000000000000000000000', 'hex');
/** Version, no encryption; MS-TDS 2.2.6.5. */
const prelogin = Buffer.from('00000b00060100110001ff10000000000002', 'hex');

function loggedIn(): Buffer {
  const changed = Buffer.concat([Buffer.from([7, collation.length]), collation, Buffer.from([0])]);
  const acknowledged = Buffer.from('0174000004000d000000', 'hex');
  const token = (type: number, data: Buffer) => {
    const head = Buffer.from([type, 0, 0]);
    head.writeUInt16LE(data.length, 1);
    return Buffer.concat([head, data]);
  };
  return Buffer.concat([token(0xe3, changed), token(0xad, acknowledged), done]);
}

function answer(socket: Socket, { type }: TdsMessage): void {
  const data = type === messageTypes.prelogin ? prelogin : type === messageTypes.login ? loggedIn() : done;
  const header = Buffer.from([4, 1, 0, 0, 0, 0, 1, 0]);
  header.writeUInt16BE(header.length + data.length, 2);
  socket.write(Buffer.concat([header, data]));
}

/** Takes whole packets from the front of what came; calls `take` with each message that is whole. */
function reader(take: (message: TdsMessage) => void): (data: Buffer) => void {
  let came = Buffer.alloc(0);
  let parts: Buffer[] = [];
  return (data) => {
    came = Buffer.concat([came, data]);
    while (came.length >= 8 && came.length >= came.readUInt16BE(2)) {
      const packet = came.subarray(0, came.readUInt16BE(2));
      came = came.subarray(packet.length);
      parts.push(packet);
      if ((packet.readUInt8(1) & 1) === 0) continue;
      const payload = Buffer.concat(parts.map((part) => part.subarray(8)));
      take({ type: packet.readUInt8(0), payload, packets: parts.map(({ length }) => length) });
      parts = [];
    }
  };
}

/** A server that lets everybody in, says "done" to everything, and keeps what it was sent; MS-TDS 7.4. */
export async function openTdsServer() {
  const messages: TdsMessage[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on(
      'data',
      reader((message) => {
        messages.push(message);
        answer(socket, message);
      }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, messages, close: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}
