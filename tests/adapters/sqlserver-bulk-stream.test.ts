import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BulkColumn, BulkType } from '../../shared/adapters/sqlserver/bulk-types.ts';
import { openPool } from '../../shared/adapters/sqlserver/connection.ts';
import { openSession } from '../../shared/adapters/sqlserver/session.ts';
import { readBulkStream } from './bulk-stream.ts';
import { collation, messageTypes, openTdsServer } from './tds-server.ts';

let server: Awaited<ReturnType<typeof openTdsServer>>;
beforeAll(async () => {
  server = await openTdsServer();
});
afterAll(() => server.close());

/** A value as it is given, and as the stream must show it. */
type Cell = readonly [given: unknown, shown: string];
interface Kind {
  readonly column: Omit<BulkColumn, 'name'>;
  readonly declaration: string;
  readonly cell: fc.Arbitrary<Cell>;
}

const kindOf = (type: BulkType, declaration: string, cell: fc.Arbitrary<Cell>, more = {}): Kind => ({
  column: { type, ...more },
  declaration,
  cell,
});
const same = (value: unknown): Cell => [value, String(value)];

const text = fc
  .tuple(fc.string({ unit: 'binary', maxLength: 40 }), fc.constantFrom(0, 0, 0, 300, 4000))
  .map(([some, length]): Cell => same(some.padEnd(length, 'é\u{1f600}').slice(0, 4000)));
const longText = fc
  .tuple(text, fc.constantFrom(1, 1, 1, 2, 30))
  .map(([[some], times]): Cell => same(String(some).repeat(times)));

const limit = 10n ** 38n - 1n;
const decimal = (scale: number) =>
  fc
    .tuple(
      fc.oneof(fc.bigInt({ min: -limit, max: limit }), fc.constantFrom(0n, limit, -limit, -1n)),
      fc.boolean(),
    )
    .map(([unscaled, isShort]): Cell => {
      const sign = unscaled < 0n ? '-' : '';
      const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
      const point = digits.length - scale;
      const shown = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
      const given = isShort && scale > 0 ? shown.replace(/\.?0+$/, '') : shown;
      return [sign + given, sign + shown];
    });

/** Three hundredths of a second since 1900: the nearest, of two the later one. */
const datetime = fc
  .date({
    min: new Date('1753-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59.997Z'),
    noInvalidDate: true,
  })
  .map((date): Cell => {
    const ticks = Math.floor(((date.getTime() - Date.UTC(1900, 0, 1)) * 3 + 5) / 10);
    return [date.getTime(), String(ticks)];
  });

const datetime2 = fc
  .tuple(
    fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    }),
    fc.nat(999_999),
  )
  .map(([date, micros]): Cell => {
    const second = date.toISOString().slice(0, 19);
    const fraction = String(micros).padStart(6, '0');
    const short = fraction.replace(/0+$/, '');
    return [`${second}${short && `.${short}`}Z`, `${second}.${fraction}0Z`];
  });

const kind: fc.Arbitrary<Kind> = fc.oneof(
  fc.constantFrom(
    kindOf('uuid', 'uniqueidentifier', fc.uuid().map(same)),
    kindOf('text', 'nvarchar(4000)', text, { length: 4000 }),
    kindOf('text', 'nvarchar(max)', longText),
    kindOf('int', 'int', fc.integer().map(same)),
    kindOf('bigint', 'bigint', fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(same)),
    kindOf('bit', 'bit', fc.boolean().map(same)),
    kindOf('datetime', 'datetime', datetime),
    kindOf('datetime2', 'datetime2(7)', datetime2),
  ),
  fc.nat(38).map((scale) => kindOf('decimal', `decimal(38, ${scale})`, decimal(scale), { scale })),
);

const load = fc.array(kind, { minLength: 1, maxLength: 30 }).chain((kinds) =>
  fc.record({
    kinds: fc.constant(kinds),
    rows: fc.array(fc.tuple(...kinds.map(({ cell }) => fc.option(cell))), { maxLength: 8 }),
    packetSize: fc.oneof(fc.integer({ min: 512, max: 32_767 }), fc.constantFrom(512, 4096)),
  }),
);

async function sent({ kinds, rows, packetSize }: typeof load extends fc.Arbitrary<infer T> ? T : never) {
  server.messages.length = 0;
  const login = { type: 'default', options: { userName: 'a', password: 'b' } } as const;
  const options = { port: server.port, encrypt: false, packetSize };
  const session = await openSession({ server: '127.0.0.1', authentication: login, options }, 'SELECT 1');
  try {
    const columns = kinds.map(({ column }, index) => ({ name: `c${index}`, ...column }));
    await session.bulkLoad(
      '#t',
      columns,
      rows.map((row) => row.map((cell) => cell?.[0] ?? null)),
    );
  } finally {
    session.close();
  }
  return server.messages.slice(-2);
}

test('every byte of a bulk load is what the protocol says, whatever the values and wherever packets end', async () => {
  await fc.assert(
    fc.asyncProperty(load, async (given) => {
      const [statement, bulk] = await sent(given);
      if (statement?.type !== messageTypes.batch || bulk?.type !== messageTypes.bulkLoad)
        throw new Error('A statement and a bulk load were expected.');
      const { columns, rows } = readBulkStream(bulk.payload, collation);
      expect(columns).toEqual(
        given.kinds.map(({ declaration }, index) => ({ name: `c${index}`, declaration })),
      );
      expect(rows).toEqual(given.rows.map((row) => row.map((cell) => cell?.[1] ?? null)));
      const declared = columns.map(({ name, declaration }) => `[${name}] ${declaration}`).join(', ');
      const [, insert] = statement.payload
        .subarray(statement.payload.readUInt32LE())
        .toString('ucs2')
        .split('insert ');
      expect(insert).toBe(`bulk #t(${declared}) WITH (KEEP_NULLS)`);
      expect(new Set(bulk.packets.slice(0, -1))).toEqual(
        new Set(bulk.packets.length > 1 ? [given.packetSize] : []),
      );
    }),
    { numRuns: 60 },
  );
});

test('a process opens no more connections than Max Pool Size says, and sends packets of Packet Size', async () => {
  const more = 'Max Pool Size=1;Connect Timeout=1;Packet Size=512';
  const pool = openPool(
    `Server=127.0.0.1,${server.port};Database=d;UID=a;PWD=${'p'.repeat(100)};Encrypt=no;${more}`,
  );
  server.messages.length = 0;
  const session = await pool.take('load');
  try {
    await expect(pool.take('look')).rejects.toThrow('all 1 connections');
    expect(server.messages.filter(({ type }) => type === messageTypes.login)).toHaveLength(1);
    await session.bulkLoad('#t', [{ name: 'c', type: 'text' }], [['x'.repeat(1000)]]);
    expect(server.messages.at(-1)?.packets[0]).toBe(512);
  } finally {
    pool.give(session, false);
    await pool.close();
  }
});
