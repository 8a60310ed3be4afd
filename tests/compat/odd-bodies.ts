import fc from 'fast-check';

const oddNames = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  '0',
  '',
  '\u0000',
  'ſettings',
  'NAME',
  'name',
];

const oddTexts = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  fc.constantFrom(
    '\ud800',
    '\udc00x',
    'a\u0000b',
    '\u2028',
    '\ufeff',
    ' ',
    'null',
    'NaN',
    '../..',
    "'; DROP TABLE x;--",
    '{{7*7}}',
    '%00',
    '𝒳'.repeat(30),
  ),
  fc.nat(60).map((power) => 'x'.repeat(power ** 2)),
);

/** Numbers as they can stand in JSON, whatever a program would make of them. */
const oddNumbers = fc.oneof(
  fc.double().map((number) => JSON.stringify(number)),
  fc.bigInt().map(String),
  fc.constantFrom(
    '1e999',
    '-1e999',
    '-0',
    '0.1e-400',
    `1${'0'.repeat(400)}`,
    '9007199254740993',
    '4',
    '2147483648',
  ),
);

const deep = fc
  .tuple(
    fc.integer({ min: 1, max: 3000 }),
    fc.constantFrom(['[', ']'], ['{"a":', '}'], ['{"Settings":[', ']}']),
    fc.constantFrom('', '1', 'null', '"x"'),
  )
  .map(
    ([depth, [open = '', close = ''], inner]) =>
      `${open.repeat(depth)}${open.endsWith(':') && inner === '' ? '0' : inner}${close.repeat(depth)}`,
  );

/** Any JSON, as its text. */
const oddJson: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    { weight: 3, arbitrary: oddTexts.map((text) => JSON.stringify(text)) },
    { weight: 2, arbitrary: oddNumbers },
    fc.constantFrom('null', 'true', 'false', '{}', '[]'),
    fc.array(tie('value'), { maxLength: 4 }).map((values) => `[${values.join(',')}]`),
    fc
      .array(fc.tuple(fc.oneof(fc.constantFrom(...oddNames), oddTexts), tie('value')), { maxLength: 4 })
      .map((members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`),
  ),
})).value;

/** A good document in which some members were replaced, doubled, renamed or added. */
function mutated(good: object): fc.Arbitrary<string> {
  const names = Object.keys(good);
  const bad = fc.tuple(
    fc.constantFrom(...names, ...oddNames),
    fc.oneof({ weight: 5, arbitrary: oddJson }, deep),
  );
  const bag = oddJson.map(
    (value) => ['Entities', `[{"Type":"account","Settings":${value}}]`] as [string, string],
  );
  const types = oddTexts.map(
    (text) => ['Entities', `[{"Type":${JSON.stringify(text)}},{"Type":"account"}]`] as [string, string],
  );
  return fc
    .array(fc.oneof({ weight: 3, arbitrary: bad }, bag, types), { minLength: 1, maxLength: 3 })
    .map((changes) => {
      const written = Object.entries(good).map(
        ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`,
      );
      // Written beside what is there, not instead of it: the member then comes twice.
      return `{${[...written, ...changes.map(([name, value]) => `${JSON.stringify(name)}:${value}`)].join(',')}}`;
    });
}

/**
 * Bodies of every kind that a program could send by mistake or by intent, beside a good document: bytes, half a JSON,
 * wrong members, members twice, names that objects of JavaScript have anyway, deep nesting, huge numbers, half characters.
 */
export function oddBodies(good: object): fc.Arbitrary<Buffer> {
  const changed = mutated(good);
  const cut = fc
    .tuple(fc.oneof(changed, fc.constant(JSON.stringify(good))), fc.double({ min: 0, max: 1, noNaN: true }))
    .map(([text, part]) => text.slice(0, Math.floor(text.length * part)));
  const flipped = fc.tuple(changed, fc.nat(), fc.nat(255)).map(([text, at, byte]) => {
    const bytes = Buffer.from(text);
    bytes[at % bytes.length] = byte;
    return bytes;
  });
  const text = fc.oneof(
    { weight: 6, arbitrary: changed },
    { weight: 2, arbitrary: oddJson },
    { weight: 2, arbitrary: cut },
    deep,
  );
  return fc.oneof(
    { weight: 7, arbitrary: text.map((one) => Buffer.from(one)) },
    { weight: 2, arbitrary: flipped },
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  );
}
