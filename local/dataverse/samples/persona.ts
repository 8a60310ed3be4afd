import { pick, type Random, whole } from './random.ts';
import { subjects } from './sentences.ts';
import {
  cities,
  companyForms,
  companyKinds,
  companyStems,
  firstNames,
  jobTitles,
  lastNames,
  streets,
} from './words.ts';

/** The person, firm and place that a sample row is about, so that its columns fit each other. */
export type Persona = {
  first: string;
  last: string;
  company: string;
  domain: string;
  city: (typeof cities)[number];
  street: string;
  subject: string;
  jobTitle: string;
  createdAt: number;
  modifiedAt: number;
};

const fiveYears = 5 * 365 * 86_400_000;

export function persona(random: Random, now: number): Persona {
  const stem = pick(random, companyStems);
  const kind = pick(random, companyKinds);
  const createdAt = now - Math.floor(random() * fiveYears);
  return {
    first: pick(random, firstNames),
    last: pick(random, lastNames),
    company: `${stem} ${kind} ${random() < 0.7 ? pick(random, companyForms) : ''}`.trim(),
    domain: `${stem}${kind}`
      .toLowerCase()
      .normalize('NFD')
      .replace(/[^a-z]/g, ''),
    city: pick(random, cities),
    street: `${pick(random, streets)} ${whole(random, 1, 240)}`,
    subject: pick(random, subjects),
    jobTitle: pick(random, jobTitles),
    createdAt,
    modifiedAt: createdAt + Math.floor(random() * (now - createdAt)),
  };
}
