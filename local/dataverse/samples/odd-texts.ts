/** Text that breaks careless programs; every kind comes up every few dozen rows. */
export const oddTexts = [
  'Ünïcödé ✓ “quoted”',
  '👩‍👩‍👧‍👦 family 🚀',
  'e\u0301 and n\u0303 combining',
  'مرحبا بالعالم',
  'שלום ABC 123',
  "Robert'); DROP TABLE--",
  'back\\slash "double" \'single\'',
  'line one\nline two\r\nline three',
  '',
  ' leading and trailing ',
  'tab\there, comma; semicolon',
  '<b>&amp;</b> 100% {0} $1',
  '\\N',
  'NULL',
  '𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𠜎',
  'zero\u200bwidth\u00a0space',
];
