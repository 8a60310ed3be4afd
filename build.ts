import { readdirSync } from 'node:fs';
import { build } from 'esbuild';

/**
 * `npm run build`: the app as one CommonJS file. An ES module would throw on load, and the Functions worker would
 * then report success with no function at all; `tests/local/bundle.local.test.ts` watches that.
 */
const entry = readdirSync('functions')
  .filter((name) => name.endsWith('.ts'))
  .sort()
  .map((name) => `import './functions/${name}';`)
  .join('\n');

await build({
  stdin: { contents: entry, resolveDir: '.', sourcefile: 'app.ts', loader: 'ts' },
  outfile: 'dist/app.cjs',
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node22',
  sourcemap: true,
  // The worker provides it; "pg-native" is optional and never installed.
  external: ['@azure/functions-core', 'pg-native'],
  logLevel: 'warning',
});
