import type { DestinationType } from '../../model/profile.ts';

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

/** Quoted values may hold any of the separators, so they are taken whole; blanks stay with the keyword, for one way to match. */
const adoPair = /([^=;]+)=\s*("(?:[^"]|"")*"|'(?:[^']|'')*'|[^;]*)\s*(?:;|$)/y;
const libpqPair = /\s*(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|\S*)(?=\s|$)/y;

function keywordsOf(text: string): string[] {
  const isAdo = text.replace(/'(?:[^'\\]|\\.)*'/g, '').includes(';');
  return pairsOf(text, isAdo ? adoPair : libpqPair);
}

/** The keywords, or none when something stands between the pairs. */
function pairsOf(text: string, pair: RegExp): string[] {
  const keywords: string[] = [];
  let end = 0;
  while (end < text.length) {
    pair.lastIndex = end;
    const match = pair.exec(text);
    if (match === null) return text.slice(end).replace(/[;\s]/g, '') === '' ? keywords : [];
    keywords.push((match[1] ?? '').replace(/\s/g, '').toLowerCase());
    end = pair.lastIndex;
  }
  return keywords;
}
