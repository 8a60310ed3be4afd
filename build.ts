import { readdirSync } from 'node:fs';
import { build } from 'esbuild';

/**
 * `npm run build`: the app as one CommonJS file. An ES module would throw on load, and the Functions worker would
 * then report success with no function at all; `tests/local/bundle.local.test.ts` watches that.
 * Another folder of trigger files and another file to write may be given.
 */
const [folder = 'functions', outfile = 'dist/app.cjs'] = process.argv.slice(2);
const entry = readdirSync(folder)
  .filter((name) => name.endsWith('.ts'))
  .sort()
  .map((name) => `import './${name}';`)
  .join('\n');

await build({
  stdin: { contents: entry, resolveDir: folder, sourcefile: 'app.ts', loader: 'ts' },
  outfile,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node22',
  sourcemap: true,
  // Names and lines for stack traces; the sources themselves would make it three times as large.
  sourcesContent: false,
  // The worker provides it; "pg-native" is optional and never installed.
  external: ['@azure/functions-core', 'pg-native'],
  logLevel: 'warning',
}).catch(() => process.exit(1));
