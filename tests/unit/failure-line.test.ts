import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FailureEntry } from '../../shared/model/failure.ts';
import { failureId, failureIdPrefix } from '../../shared/model/failure-id.ts';
import { writeFailureLine } from '../../shared/model/failure-line.ts';
import {
  FailureLineParser,
  type FailureLogPiece,
  maxPieceBytes,
} from '../../shared/model/failure-line-parser.ts';

const guid = 'd70b8c27-5e4a-4f0f-8f5f-0a3f0c3c9f01';

/** Pieces of the bytes cut at the given places. */
function parse(text: string | Uint8Array, cuts: readonly number[] = [], offset = 0): FailureLogPiece[] {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const parser = new FailureLineParser(offset);
  const pieces = places.slice(1).flatMap((end, index) => parser.push(bytes.subarray(places[index], end)));
  return [...pieces, ...parser.end()];
}

const entriesOf = (pieces: readonly FailureLogPiece[]) =>
  pieces.flatMap((piece) => (piece.kind === 'entry' ? [piece.entry] : []));
const unreadableOf = (pieces: readonly FailureLogPiece[]) =>
  pieces.flatMap((piece) => (piece.kind === 'unreadable' ? [piece.text] : []));

const anyText = fc.string({ unit: 'binary', maxLength: 300 });
const anyEntry: fc.Arbitrary<FailureEntry> = fc.record({
  entity: fc.stringMatching(/^[a-z_][a-z0-9_]{0,40}$/),
  recordId: fc.option(fc.uuid(), { nil: undefined }),
  notificationTime: fc.option(
    fc
      .date({
        min: new Date('0001-01-01T00:00:00Z'),
        max: new Date('9999-12-31T23:59:59Z'),
        noInvalidDate: true,
      })
      .map((date) => new Date(Math.floor(date.getTime() / 1000) * 1000).toISOString()),
    { nil: undefined },
  ),
  changeType: fc.constantFrom('New', 'Update', 'Delete', 'Trigger Initial Export'),
  reason: fc.oneof(
    anyText,
    fc.constantFrom(
      'a, "b": c',
      'Entity: account, RecordId: N/A, NotificationTime: , ChangeType: New, FailureReason: x',
    ),
  ),
});
const onOneLine = (entry: FailureEntry) => ({
  ...entry,
  reason: entry.reason
    .toWellFormed()
    .replace(/[\r\n\u0085\u2028\u2029]+/g, ' ')
    .trim(),
});
const cutPlaces = fc.array(fc.nat(), { maxLength: 30 });
/** Text made of what could confuse the parser. */
const hostileText = fc
  .array(
    fc.oneof(
      anyText,
      fc.constantFrom(
        'Entity: lead,',
        ' RecordId: N/A,',
        '\n',
        '\r\n',
        ' NotificationTime: ,',
        ' ChangeType: New,',
        ' ',
      ),
      fc.constantFrom(' FailureReason: x', 'Entity:', ',', '\uFEFF', `RecordId: ${guid},`, '😀'),
      anyEntry.map(writeFailureLine),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

describe('a failure log', () => {
  it('gives back every entry that was written, however its bytes arrive', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 8 }), cutPlaces, (entries, cuts) => {
        const pieces = parse(entries.map(writeFailureLine).join(''), cuts);
        expect(entriesOf(pieces)).toEqual(entries.map(onOneLine));
        expect(unreadableOf(pieces)).toEqual([]);
      }),
    );
  });

  it('is read the same in one piece, in many, and at any offset', () => {
    fc.assert(
      fc.property(hostileText, cutPlaces, fc.nat(), (text, cuts, offset) => {
        const moved = parse(text, cuts, offset).map((piece) => ({
          ...piece,
          offset: piece.offset - offset,
          end: piece.end - offset,
        }));
        expect(moved).toEqual(parse(text));
      }),
    );
  });

  it('loses no byte: what is in no piece is blank', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          hostileText.map((text) => new TextEncoder().encode(text)),
          fc.uint8Array(),
        ),
        (bytes) => {
          let at = 0;
          for (const { offset, end } of [...parse(bytes), { offset: bytes.length, end: bytes.length }]) {
            expect(offset).toBeGreaterThanOrEqual(at);
            expect(new TextDecoder().decode(bytes.subarray(at, offset)).trim()).toBe('');
            at = end;
          }
        },
      ),
    );
  });

  it('keeps unreadable text as it is, with its place', () => {
    const [line, text] = [writeFailureLine(example), 'Größe: 1, zu groß\n'];
    const pieces = parse(`${text}${line}`);
    const length = new TextEncoder().encode(text).length;
    expect(pieces).toEqual([
      { kind: 'unreadable', text, offset: 0, end: length },
      { kind: 'entry', entry: example, offset: length, end: length + line.length },
    ]);
  });

  it.each([
    ['blanks', ' '],
    ['line ends', '\n'],
    ['commas', ','],
    ['beginnings of entries', 'Entity: lead,\n'],
    ['beginnings followed by blank lines', `Entity: lead,${'\n'.repeat(200)}`],
    ['labels on one line', 'Entity: lead, RecordId: '],
    ['blanks after a label', `\nEntity: lead,${' '.repeat(3000)}x`],
    ['long unfinished labels', `\nEntity: lead,\nRecordId: N/A,${' '.repeat(4000)}`],
  ])('is read in linear time: 5 MB of %s', (_what, part) => {
    const bytes = new TextEncoder().encode(part.repeat(Math.ceil(5e6 / part.length)));
    const before = new TextEncoder().encode(writeFailureLine(example).trimEnd());
    const started = performance.now();
    const parser = new FailureLineParser();
    const pieces = parser.push(before);
    for (let at = 0; at < bytes.length; at += 65_536)
      pieces.push(...parser.push(bytes.subarray(at, at + 65_536)));
    pieces.push(...parser.end());
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(pieces[0]?.kind).toBe('entry');
  });

  it('cuts a reason that has no end, and keeps the rest as unreadable text', () => {
    const pieces = parse(writeFailureLine({ ...example, reason: 'é'.repeat(100_000) }));
    expect(pieces[0]?.kind).toBe('entry');
    expect(pieces.length).toBeGreaterThan(3);
    const text = [...entriesOf(pieces).map(({ reason }) => reason), ...unreadableOf(pieces)].join('');
    expect(text.trim()).toBe('é'.repeat(100_000));
    expect(pieces.every(({ offset, end }) => end - offset <= 2 * maxPieceBytes)).toBe(true);
  });
});

const example: FailureEntry = {
  entity: 'lead',
  recordId: guid,
  notificationTime: '2016-08-31T18:50:38.000Z',
  changeType: 'Update',
  reason: 'The database is full, "sorry": it is.',
};

describe('a line of the old service', () => {
  it('is written as documented', () => {
    expect(writeFailureLine(example)).toBe(
      `Entity: lead, RecordId: ${guid}, NotificationTime: 8/31/2016 6:50:38 PM, ChangeType: Update, FailureReason: The database is full, "sorry": it is.\n`,
    );
    expect(writeFailureLine({ ...example, recordId: undefined, notificationTime: undefined })).toContain(
      'RecordId: N/A, NotificationTime: , ChangeType',
    );
  });

  it('may break after a separator, and its reason may have several lines', () => {
    const reason = 'The database is full.\nThe statement has been terminated.';
    const text = `Entity: lead, \r\nRecordId: N/A,\r\n NotificationTime: ,\n\n ChangeType: Trigger Initial Export, FailureReason: ${reason}\n`;
    const entry = { entity: 'lead', recordId: undefined, notificationTime: undefined, reason };
    expect(entriesOf(parse(text + text))).toEqual(
      [1, 2].map(() => ({ ...entry, changeType: 'Trigger Initial Export' })),
    );
  });

  it('ends before the next entry also when that one breaks after its first separator', () => {
    const text = `${writeFailureLine(example)}more of it\nEntity: account,\nRecordId: N/A, NotificationTime: , ChangeType: New, FailureReason: b`;
    expect(entriesOf(parse(text)).map(({ entity, reason }) => [entity, reason])).toEqual([
      ['lead', `${example.reason}\nmore of it`],
      ['account', 'b'],
    ]);
  });

  it.each([
    ['12/28/2016 12:32:39 AM', '2016-12-28T00:32:39.000Z'],
    ['1/2/2016 12:00:00 PM', '2016-01-02T12:00:00.000Z'],
    ['1/2/2016 1:00:00\u202fPM', '2016-01-02T13:00:00.000Z'],
    ['2016-12-28T00:32:39Z', '2016-12-28T00:32:39.000Z'],
    ['2016-12-28T00:32:39.1234567Z', '2016-12-28T00:32:39.000Z'],
  ])('has the time %s', (time, expected) => {
    const text = `Entity: lead, RecordId: N/A, NotificationTime: ${time}, ChangeType: New, FailureReason: x`;
    expect(entriesOf(parse(text))[0]?.notificationTime).toBe(expected);
  });

  it.each([
    'Entity: lead, RecordId: 5, NotificationTime: , ChangeType: New, FailureReason: x',
    'Entity: two words, RecordId: N/A, NotificationTime: , ChangeType: New, FailureReason: x',
    'Entity: lead, RecordId: N/A, NotificationTime: 2/30/2016 1:00:00 PM, ChangeType: New, FailureReason: x',
    'Entity: lead, RecordId: N/A, ChangeType: New, NotificationTime: , FailureReason: x',
    ' Entity: lead, RecordId: N/A, NotificationTime: , ChangeType: New, FailureReason: x',
  ])('that is not in the grammar is unreadable: %s', (text) => {
    expect(parse(text)).toMatchObject([{ kind: 'unreadable', text, offset: 0 }]);
  });
});

describe('the id of an entry', () => {
  it('is the same for equal entries, another for others, and begins with the row', () => {
    fc.assert(
      fc.property(anyEntry, anyEntry, (one, other) => {
        const folder = 'failurelog/2026/11/23/14/';
        expect(failureId({ ...one }, folder)).toBe(failureId(one, folder));
        expect(failureId(one, folder).startsWith(failureIdPrefix(one.entity, one.recordId))).toBe(true);
        const isEqual = JSON.stringify(one) === JSON.stringify(other);
        expect(failureId(one, folder) === failureId(other, folder)).toBe(isEqual);
      }),
    );
  });
});
