import { expect, test } from 'vitest';
import { readProfileDescription } from '../../../shared/api/profile-description.ts';
import { sentencesOf } from '../../../shared/api/wire-members.ts';

const problemsOf = (Name: string) =>
  readProfileDescription({ Name }, { problemsOfAddress: () => [] }).problems.filter(
    ({ member }) => member === 'Name',
  );

test.each([
  ['zero widths only', '\u200B\u2060'],
  ['a twin of another name', 'Report\u200Bing'],
  ['a joiner that joins nothing', 'Report\u200Ding'],
  ['a soft hyphen', 'Report\u00ADing'],
  ['a direction override', 'Report\u202Egni'],
  ['a direction isolate', '\u2066Reporting\u2069'],
  ['a filler of Hangul', '\u3164'],
  ['a blank of braille', '\u2800'],
  ['a variation of nothing', '\uFE0F'],
  ['a tag', 'Reporting\u{E0041}'],
  ['a line separator', 'Report\u2028ing'],
  ['half a character', 'Reporting\uD83E'],
])('a name with %s is refused', (_, name) => {
  expect(sentencesOf(problemsOf(name))).toEqual([
    'Name must not hold control characters, invisible ones or halves of characters',
  ]);
});

test.each([
  'Größe & Wert',
  'एक्स\u200Dपोर्ट',
  'گزارش\u200Cها',
  'صادرات',
  '売上 レポート',
  '👩🏽\u200D💻 🏳\uFE0F\u200D🌈 ❤\uFE0F',
])('a name as people write it is taken: %s', (name) => {
  expect(problemsOf(name)).toEqual([]);
});
