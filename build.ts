import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { brotliCompressSync } from 'node:zlib';
import { build, type Plugin } from 'esbuild';
import { packageFileNames } from './shared/adapters/swagger-ui/package-file-names.ts';

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

/** Puts the files of the swagger UI into the bundle, in the place of the module that reads them from the package. */
const swaggerUiFiles: Plugin = {
  name: 'swagger-ui-files',
  setup({ onLoad }) {
    onLoad({ filter: /swagger-ui[\\/]package-files\.ts$/ }, () => {
      const { resolve } = createRequire(import.meta.url);
      const compressed = (name: string) =>
        brotliCompressSync(readFileSync(resolve(`swagger-ui-dist/${name}`)));
      const files = packageFileNames.map((name) => [name, compressed(name).toString('base64')]);
      const table = JSON.stringify(Object.fromEntries(files));
      return {
        contents: `const files = ${table};\nexport const packageFile = (name) => Buffer.from(files[name], 'base64');`,
      };
    });
  },
};

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
  plugins: [swaggerUiFiles],
  // The worker provides it; "pg-native" is optional and never installed.
  external: ['@azure/functions-core', 'pg-native'],
  logLevel: 'warning',
}).catch(() => process.exit(1));
