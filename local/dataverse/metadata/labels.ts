import { readFileSync } from 'node:fs';
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

/** A label as metadata carries it: English is the caller's language, German the second one where a translation exists. */
export function label(owner: string, text: string | undefined, languages: 'all' | 'base' = 'base') {
  if (text === undefined) return { LocalizedLabels: [], UserLocalizedLabel: null };
  const made = (Label: string, LanguageCode: number): LocalizedLabel => ({
    Label,
    LanguageCode,
    IsManaged: true,
    MetadataId: metadataId(`label ${owner} ${LanguageCode}`),
    HasChanged: null,
  });
  const english = made(text, 1033);
  const translation = german.get(text) ?? (languages === 'all' ? text : undefined);
  const all = translation === undefined ? [english] : [english, made(translation, 1031)];
  return { LocalizedLabels: all, UserLocalizedLabel: english };
}
