import { readFileSync } from 'node:fs';
import type { Option } from '../schema/table.ts';
import { metadataId } from './metadata-id.ts';

const german = new Map(
  readFileSync(new URL('../tables/german-labels.tsv', import.meta.url), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t') as [string, string]),
);

type LocalizedLabel = {
  Label: string;
  LanguageCode: number;
  IsManaged: boolean;
  MetadataId: string;
  HasChanged: null;
};

/** The text of an option in a language: as it was changed, else German where there is a translation, else English. */
export function optionText({ label: english, labels }: Option, language: number): string {
  return labels?.[language] ?? (language === 1031 ? german.get(english) : undefined) ?? english;
}

/** The label of an option in all languages of the organization; the first is the caller's. */
export function optionLabel(owner: string, option: Option, languages: readonly number[]) {
  const all = languages.map((language) => localized(owner, optionText(option, language), language));
  return { LocalizedLabels: all, UserLocalizedLabel: all[0] ?? null };
}

/** A label as metadata carries it: English is the caller's language, German the second one where a translation exists. */
export function label(owner: string, text: string | undefined) {
  if (text === undefined) return { LocalizedLabels: [], UserLocalizedLabel: null };
  const english = localized(owner, text, 1033);
  const translation = german.get(text);
  const all = translation === undefined ? [english] : [english, localized(owner, translation, 1031)];
  return { LocalizedLabels: all, UserLocalizedLabel: english };
}

function localized(owner: string, text: string, language: number): LocalizedLabel {
  return {
    Label: text,
    LanguageCode: language,
    IsManaged: true,
    MetadataId: metadataId(`label ${owner} ${language}`),
    HasChanged: null,
  };
}
