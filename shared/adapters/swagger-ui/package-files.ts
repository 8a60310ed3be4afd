import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { brotliCompressSync, constants } from 'node:zlib';
import type { PackageFileName } from './package-file-names.ts';

/**
 * A file of the package `swagger-ui-dist`, compressed with brotli. The deployed bundle has no packages beside it: there
 * `build.ts` puts a module in the place of this one that holds the files.
 */
export function packageFile(name: PackageFileName): Uint8Array {
  const path = createRequire(import.meta.url).resolve(`swagger-ui-dist/${name}`);
  return brotliCompressSync(readFileSync(path), { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } });
}
