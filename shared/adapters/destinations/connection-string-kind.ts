import type { DestinationType } from '../../model/profile.ts';
import { adoPairs } from '../../schema/ado-pairs.ts';

const schemes: readonly (readonly [RegExp, DestinationType])[] = [
  [/^postgres(ql)?:\/\//i, 'PostgreSql'],
  [/^(sqlserver|mssql):\/\//i, 'SqlAzure'],
];

/** Keywords without spaces that only one of the two knows; those of PostgreSQL decide, since `Server` is common to both. */
const postgresKeywords = new Set(['host', 'hostaddr', 'port', 'dbname', 'username', 'sslmode']);
const sqlServerKeywords = new Set([
  'server',
  'datasource',
  'address',
  'addr',
  'networkaddress',
  'initialcatalog',
]);

/**
 * Which database a connection string is for, by its scheme or its keywords (ADO.NET `key=value;...` or libpq
 * `key=value ...`); undefined when it is none. Says nothing of whether it is complete.
 */
export function connectionStringKind(text: string): DestinationType | undefined {
  for (const [scheme, type] of schemes) if (scheme.test(text)) return type;
  const keywords = keywordsOf(text);
  if (keywords.some((keyword) => postgresKeywords.has(keyword))) return 'PostgreSql';
  if (keywords.some((keyword) => sqlServerKeywords.has(keyword))) return 'SqlAzure';
  return undefined;
}

const libpqPair = /\s*(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|\S*)(?=\s|$)/y;

/** The keywords, or none when something stands between the pairs. */
function keywordsOf(text: string): readonly string[] {
  const isAdo = text.replace(/'(?:[^'\\]|\\.)*'/g, '').includes(';');
  return isAdo ? (adoPairs(text) ?? []).map(({ keyword }) => keyword) : libpqKeywords(text);
}

function libpqKeywords(text: string): string[] {
  const keywords: string[] = [];
  let end = 0;
  while (end < text.length) {
    libpqPair.lastIndex = end;
    const match = libpqPair.exec(text);
    if (match === null) return text.slice(end).trim() === '' ? keywords : [];
    keywords.push((match[1] ?? '').toLowerCase());
    end = libpqPair.lastIndex;
  }
  return keywords;
}
