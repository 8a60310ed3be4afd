import { beginningOf, toldPart, withoutQuoted } from './reason-text.ts';

const mostCharacters = 200;

const guid = /(?<![0-9a-z_])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-z_])/gi;

/**
 * What a reason says, whichever row it says it of: `"..."` for everything in quotes, `#` for guids, numbers, dates and
 * words with a digit. At most 200 characters; the pattern of a pattern is itself.
 */
export function patternOf(reason: string): string {
  const line = beginningOf(reason).toWellFormed().replace(/\s+/g, ' ').trim();
  const words = withoutQuoted(toldPart(line))
    .replace(/"\.\.\."(?:"\.\.\.")+/g, '"..."')
    .replace(guid, '#')
    .replace(/[\p{L}\p{N}\p{M}_]+/gu, (word) => (/\p{N}/u.test(word) ? '#' : word))
    .replace(/(?<![\p{L}\p{M}_)"#])[-+]+(?=#)/gu, '')
    .replace(/#(?: [AP]M\b)+/g, '#')
    .replace(/#(?:[-+.,:/ ]{1,2}#)+/g, '#');
  return words
    .slice(0, mostCharacters)
    .replace(/[\uD800-\uDBFF]$/, '')
    .trim();
}
