/** A column of a bulk load, as the stream and the statement before it both tell it. */
export interface StreamColumn {
  readonly name: string;
  readonly declaration: string;
}

/** A bulk load, read from its bytes. */
export interface BulkStream {
  readonly columns: readonly StreamColumn[];
  /** Values as text; `datetime` in three hundredths of a second since 1900. */
  readonly rows: readonly (readonly (string | null)[])[];
}

type Bytes = ReturnType<typeof bytesOf>;
type Column = StreamColumn & { readonly read: (bytes: Bytes) => string | null };

function bytesOf(buffer: Buffer) {
  let at = 0;
  const taken = (length: number) => {
    if (at + length > buffer.length) throw new RangeError(`The stream ends inside ${length} bytes at ${at}.`);
    at += length;
    return buffer.subarray(at - length, at);
  };
  return {
    taken,
    u8: () => taken(1).readUInt8(),
    u16: () => taken(2).readUInt16LE(),
    u32: () => taken(4).readUInt32LE(),
    u64: () => taken(8).readBigUInt64LE(),
    isAtEnd: () => at === buffer.length,
  };
}

const whole = (data: Buffer) => BigInt(`0x0${Buffer.from(data).reverse().toString('hex')}`);

function guidOf(data: Buffer): string {
  const group = (start: number, end: number) => data.subarray(start, end);
  const turned = [group(0, 4), group(4, 6), group(6, 8)].map((each) => Buffer.from(each).reverse());
  return [...turned, group(8, 10), group(10, 16)].map((each) => each.toString('hex')).join('-');
}

function decimalOf(data: Buffer, scale: number): string {
  const digits = whole(data.subarray(1))
    .toString()
    .padStart(scale + 1, '0');
  const point = digits.length - scale;
  const text = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return data[0] === 0 ? `-${text}` : text;
}

const ticksOfDay = 300n * 86_400n;

function datetime2Of(data: Buffer): string {
  const ticks = whole(data.subarray(0, 5));
  const day = whole(data.subarray(5)) - 719_162n;
  const second = new Date(Number(day * 86_400n + ticks / 10_000_000n) * 1000).toISOString().slice(0, 19);
  return `${second}.${String(ticks % 10_000_000n).padStart(7, '0')}Z`;
}

/** Values whose length stands before them in a byte, 0 for none. */
function short(length: number, show: (data: Buffer) => string): Column['read'] {
  return (bytes) => {
    const found = bytes.u8();
    if (found !== 0 && found !== length) throw new RangeError(`${found} bytes where ${length} were declared`);
    return found === 0 ? null : show(bytes.taken(length));
  };
}

function shortText(most: number): Column['read'] {
  return (bytes) => {
    const length = bytes.u16();
    if (length === 0xffff) return null;
    if (length > most) throw new RangeError(`${length} bytes where ${most} were declared`);
    return bytes.taken(length).toString('ucs2');
  };
}

/** In chunks, MS-TDS 2.2.5.2.3. */
function longText(bytes: Bytes): string | null {
  const total = bytes.u64();
  if (total === 0xffff_ffff_ffff_ffffn) return null;
  const chunks: Buffer[] = [];
  for (let length = bytes.u32(); length > 0; length = bytes.u32()) chunks.push(bytes.taken(length));
  const text = Buffer.concat(chunks);
  if (total !== 0xffff_ffff_ffff_fffen && total !== BigInt(text.length))
    throw new RangeError('Chunks of another length in all');
  return text.toString('ucs2');
}

/** TYPE_INFO, MS-TDS 2.2.5.6. */
function typeOf(bytes: Bytes, collation: Buffer): Omit<Column, 'name'> {
  const type = bytes.u8();
  if (type === 0x2a) return { declaration: `datetime2(${bytes.u8()})`, read: short(8, datetime2Of) };
  const length = type === 0xe7 ? bytes.u16() : bytes.u8();
  switch (type) {
    case 0x24:
      return { declaration: 'uniqueidentifier', read: short(length, guidOf) };
    case 0x26:
      return {
        declaration: length === 8 ? 'bigint' : 'int',
        read: short(length, (data) => String(BigInt.asIntN(length * 8, whole(data)))),
      };
    case 0x68:
      return { declaration: 'bit', read: short(length, (data) => String(data[0] === 1)) };
    case 0x6a:
    case 0x6c: {
      const [precision, scale] = [bytes.u8(), bytes.u8()];
      return {
        declaration: `decimal(${precision}, ${scale})`,
        read: short(length, (data) => decimalOf(data, scale)),
      };
    }
    case 0x6f:
      return {
        declaration: 'datetime',
        read: short(length, (data) =>
          String(BigInt(data.readInt32LE()) * ticksOfDay + whole(data.subarray(4))),
        ),
      };
    case 0xe7:
      if (!bytes.taken(5).equals(collation)) throw new RangeError('Another collation than the database has');
      return length === 0xffff
        ? { declaration: 'nvarchar(max)', read: longText }
        : { declaration: `nvarchar(${length / 2})`, read: shortText(length) };
    default:
      throw new RangeError(`Type ${type.toString(16)} is none of those that are loaded.`);
  }
}

function columnOf(bytes: Bytes, collation: Buffer): Column {
  bytes.u32();
  if ((bytes.u16() & 1) === 0) throw new RangeError('A column that is not nullable');
  const type = typeOf(bytes, collation);
  return { name: bytes.taken(bytes.u8() * 2).toString('ucs2'), ...type };
}

/** Reads a message "Bulk Load BCP" by the letter of MS-TDS 2.2.6.1, without the driver; throws a `RangeError` where it is none. */
export function readBulkStream(payload: Buffer, collation: Buffer): BulkStream {
  const bytes = bytesOf(payload);
  if (bytes.u8() !== 0x81) throw new RangeError('It does not begin with COLMETADATA.');
  const columns = Array.from({ length: bytes.u16() }, () => columnOf(bytes, collation));
  const rows: (string | null)[][] = [];
  let token = bytes.u8();
  for (; token === 0xd1; token = bytes.u8()) rows.push(columns.map(({ read }) => read(bytes)));
  if (token !== 0xfd) throw new RangeError(`Token ${token.toString(16)} after row ${rows.length}`);
  bytes.taken(12);
  if (!bytes.isAtEnd()) throw new RangeError('Bytes after DONE');
  return { columns: columns.map(({ name, declaration }) => ({ name, declaration })), rows };
}
