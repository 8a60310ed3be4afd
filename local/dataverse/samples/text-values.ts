import type { Column } from '../schema/table.ts';
import { oddTexts } from './odd-texts.ts';
import type { Persona } from './persona.ts';
import { pick, type Random, whole } from './random.ts';
import { sentences } from './sentences.ts';

export type TextValue = (persona: Persona, random: Random) => string;

const digits = (random: Random, count: number) =>
  String(Math.floor(random() * 10 ** count)).padStart(count, '0');
const ascii = (text: string) =>
  text
    .toLowerCase()
    .normalize('NFD')
    .replace(/[^a-z]/g, '') || 'info';

const byName: [RegExp, TextValue][] = [
  [/^(fullname|yomifullname)$/, ({ first, last }) => `${first} ${last}`],
  [/first/, ({ first }) => first],
  [/^(last|yomilast)name$/, ({ last }) => last],
  [/email/, ({ first, last, domain }) => `${ascii(first)}.${ascii(last)}@${domain}.example`],
  [/telephone|phone|fax|pager/, ({ city }, random) => `${city[3]} ${digits(random, 3)} ${digits(random, 4)}`],
  [/_city$/, ({ city }) => city[0]],
  [/stateorprovince$/, ({ city }) => city[1]],
  [/_country$/, ({ city }) => city[2]],
  [/_line1$/, ({ street }) => street],
  [/_composite$/, ({ street, city }) => `${street}\r\n${city[0]}\r\n${city[2]}`],
  [/postalcode$/, (_, random) => digits(random, 5)],
  [/postofficebox$/, (_, random) => `P.O. ${digits(random, 4)}`],
  [/url$|url2$|weblink$/, ({ domain }) => `https://www.${domain}.example/`],
  [/^(name|companyname|yominame|yomicompanyname)$/, ({ company }) => company],
  [/subject|title$|^topic/, ({ subject }) => subject],
  [/jobtitle|role$/, ({ jobTitle }) => jobTitle],
  [/department/, (_, random) => pick(random, ['Purchasing', 'Production', 'Finance', 'Einkauf', 'Ventes'])],
  [
    /accountnumber|ticketnumber|employeeid|governmentid/,
    (_, random) => `${pick(random, ['CAS', 'ACC', 'EMP'])}-${digits(random, 5)}-${digits(random, 4)}`,
  ],
  [
    /tickersymbol/,
    ({ company }) =>
      company
        .slice(0, 4)
        .toUpperCase()
        .replace(/[^A-Z]/g, 'X'),
  ],
  [/salutation/, (_, random) => pick(random, ['Ms.', 'Mr.', 'Dr.', 'Frau', 'M.'])],
  [/filename/, (_, random) => `offer-${digits(random, 4)}.pdf`],
  [/mimetype/, () => 'application/pdf'],
  [/documentbody/, (_, random) => Buffer.from(`%PDF-1.4 ${digits(random, 12)}`).toString('base64')],
];

/** How the text of a column is made: by its name where the name says what it holds, and never longer than it may be. */
export function textValue(column: Column): TextValue {
  const length = column.length ?? 100;
  const known = byName.find(([pattern]) => pattern.test(column.name))?.[1];
  const plain = known ?? (column.type === 'memo' ? paragraph : phrase);
  const isFree = known === undefined || /name$|subject|title/.test(column.name);
  return (persona, random) => {
    const odd = isFree && random() < 0.02 ? pick(random, oddTexts) : undefined;
    return cut(odd ?? plain(persona, random), length);
  };
}

function paragraph({ company }: Persona, random: Random): string {
  const text = Array.from({ length: whole(random, 1, 4) }, () => pick(random, sentences)).join(' ');
  // Now and then as long as people really paste: a whole mail thread.
  return random() < 0.01 ? `${company}\n${text.repeat(40)}` : text;
}

function phrase({ subject, city }: Persona, random: Random): string {
  return random() < 0.5 ? `${subject}, ${city[0]}` : `${city[1]} ${digits(random, 3)}`;
}

/** Cuts without leaving half a surrogate pair behind. */
function cut(text: string, length: number): string {
  const short = text.slice(0, length);
  return /[\ud800-\udbff]$/.test(short) ? short.slice(0, -1) : short;
}
