import { posix } from 'node:path';

interface Room {
  /** Rooms that files of this one may import, beside their own. */
  readonly imports: readonly string[];
  readonly packages: readonly string[];
  /** Packages of which only types may be imported. */
  readonly types?: readonly string[];
}

const errors = ['shared/error-codes.ts', 'shared/errors.ts'];
const basics = [...errors, 'shared/at-most.ts', 'shared/hosts.ts', 'shared/http-answer.ts'];
const words = [...basics, 'shared/model'];
const contracts = [...words, 'shared/ports', 'shared/schema'];
const access = [...contracts, 'shared/access'];
const adapter = (...packages: string[]): Room => ({ imports: contracts, packages });
const ofSqlDatabase = (...packages: string[]): Room => ({
  imports: [...contracts, 'shared/adapters/sql'],
  packages,
});
const engine: Room = { imports: access, packages: [] };
const adapters: Readonly<Record<string, Room>> = {
  'shared/adapters/dataverse': adapter(),
  'shared/adapters/destinations': adapter(),
  'shared/adapters/entra': adapter('@azure/identity', 'jose'),
  'shared/adapters/exporter-http': adapter(),
  'shared/adapters/exporter-in-process': adapter(),
  'shared/adapters/keyvault': adapter('@azure/keyvault-secrets'),
  'shared/adapters/postgres': ofSqlDatabase('pg', 'pg-copy-streams'),
  'shared/adapters/sqlserver': ofSqlDatabase('tedious'),
  'shared/adapters/storage': adapter('@azure/data-tables', '@azure/storage-blob', '@azure/storage-queue'),
  'shared/adapters/sql': adapter(),
  'shared/adapters/swagger-ui': adapter('swagger-ui-dist'),
  'shared/adapters/system': adapter(),
  'shared/adapters/telemetry': adapter('applicationinsights'),
  'shared/adapters/tickets': adapter(),
};
const composition = (...parts: string[]): Room => ({
  imports: [...contracts, ...engines, ...Object.keys(adapters), 'shared/settings.ts', ...parts],
  packages: [],
});
const engines = ['shared/api', 'shared/automation', 'shared/sync'];

/** Who may import whom, and which packages: the table in `docs/architecture.md`. */
export const rooms: Readonly<Record<string, Room>> = {
  'shared/error-codes.ts': { imports: [], packages: [] },
  'shared/errors.ts': { imports: errors, packages: [] },
  'shared/at-most.ts': { imports: [], packages: [] },
  'shared/hosts.ts': { imports: [], packages: [] },
  'shared/http-answer.ts': { imports: errors, packages: [] },
  'shared/model': { imports: errors, packages: ['zod'] },
  'shared/ports': { imports: words, packages: [] },
  'shared/schema': { imports: words, packages: [] },
  'shared/access': { imports: [...words, 'shared/ports'], packages: [] },
  ...Object.fromEntries(engines.map((name) => [name, engine])),
  ...adapters,
  'shared/setting-values.ts': { imports: ['shared/hosts.ts', 'shared/model'], packages: ['zod'] },
  'shared/settings-schema.ts': { imports: ['shared/setting-values.ts'], packages: ['zod'] },
  'shared/settings.ts': {
    imports: [...errors, 'shared/setting-values.ts', 'shared/settings-schema.ts'],
    packages: [],
  },
  'shared/edge': { imports: [...words, 'shared/ports'], packages: [], types: ['@azure/functions'] },
  'shared/compose': composition(),
  'shared/service.ts': composition('shared/compose'),
  // It loads the functions by their path, as the Functions host does.
  local: {
    // The demonstration reads the reporting database as people do, with the drivers that are there.
    imports: [...contracts, 'shared/adapters/sqlserver'],
    packages: [
      '@azure/data-tables',
      '@azure/storage-blob',
      '@azure/storage-queue',
      'cli-progress',
      'croner',
      'jose',
      'pg',
      'zod',
    ],
  },
  // Programs that somebody runs beside the app; never deployed.
  commands: {
    imports: [
      ...contracts,
      'shared/adapters/dataverse',
      'shared/adapters/destinations',
      'shared/adapters/entra',
      'shared/adapters/postgres',
      'shared/adapters/sqlserver',
      'shared/adapters/system',
      'shared/settings-schema.ts',
      'local',
    ],
    packages: ['zod'],
  },
  functions: { imports: ['shared/edge', 'shared/service.ts'], packages: ['@azure/functions'] },
};

const forbiddenWords =
  /(^|-)(utils?|helpers?|common|misc|managers?|processors?|jobs?|handles?|handlers?)([-.]|$)/;
const mostLines = (path: string) => {
  if (path.startsWith('functions/')) return 25;
  return path.startsWith('tests/') ? 400 : 250;
};

/** Everything in which a TypeScript file breaks the rules of the house; `path` from the root, with slashes. */
export function problemsOf(path: string, text: string): string[] {
  const problems: string[] = [];
  const fileName = posix.basename(path);
  const code = text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');
  const lineCount = text.trimEnd().split('\n').length;

  if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.local|\.sqlserver|\.postgres)?(\.test)?\.ts$/.test(fileName))
    problems.push('its name is not in kebab-case');
  if (forbiddenWords.test(fileName)) problems.push('its name has a word that says nothing');
  if (lineCount > mostLines(path)) problems.push(`${lineCount} lines; at most ${mostLines(path)}`);
  if (/^(shared|functions|local|commands)\//.test(path)) problems.push(...importProblems(path, code));
  if (path.startsWith('shared/') || path.startsWith('functions/')) {
    if (path !== 'shared/settings.ts' && /\bprocess\.env\b|node:process/.test(code))
      problems.push('only shared/settings.ts reads the environment');
    const readsClock =
      /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bset(Timeout|Interval|Immediate)\b|node:timers/;
    if (!path.startsWith('shared/adapters/') && readsClock.test(code))
      problems.push('only adapters read the clock and set timers');
  }
  // Not a trigger: what holds for the whole app.
  if (path.startsWith('functions/') && path !== 'functions/app-setup.ts') {
    const registered = [...code.matchAll(/\bapp\.\w+\(\s*(?:'([^']*)')?/g)].map(([, name]) => name);
    if (registered.length !== 1 || registered[0] !== fileName.replace('.ts', ''))
      problems.push(`registers ${registered.join(', ') || 'nothing'}; expected one function of its own name`);
  }
  return problems.map((problem) => `${path}: ${problem}`);
}

function importProblems(path: string, code: string): string[] {
  const room = roomOf(path);
  const rules = room === undefined ? undefined : rooms[room];
  if (!rules) return ['is in no room of the table'];
  const checked = code.replace(/\bimport type [^;]*?\bfrom\s*'([^']+)'/g, (statement, name) =>
    rules.types?.includes(name) ? '' : statement,
  );
  return [...checked.matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)'([^'\n]+)'/g)].flatMap(([, target = '']) => {
    if (target.startsWith('node:')) return [];
    if (!target.startsWith('.')) {
      const name = target.split('/', target.startsWith('@') ? 2 : 1).join('/');
      return rules.packages.includes(name) ? [] : [`${room} may not use package ${name}`];
    }
    const file = posix.join(posix.dirname(path), target);
    const other = roomOf(file);
    const isAllowed = other !== undefined && (other === room || rules.imports.includes(other));
    return isAllowed ? [] : [`${room} may not import ${file}`];
  });
}

const roomOf = (path: string) =>
  Object.keys(rooms).find((room) => path === room || path.startsWith(`${room}/`));
