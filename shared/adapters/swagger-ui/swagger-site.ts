import { createHash } from 'node:crypto';
import { brotliCompressSync, brotliDecompressSync, gzipSync } from 'node:zlib';
import type { Encoding, WebFile } from '../../model/web-file.ts';
import { type PackageFileName, packageFileNames } from './package-file-names.ts';
import { page, pageScript, pageStyle } from './page.ts';

/** Files by their path under `/swagger/`, in lower case; undefined when there is none. */
export type SwaggerSite = (path: string) => Promise<WebFile | undefined>;

const contentTypes: readonly (readonly [ending: string, contentType: string])[] = [
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.txt', 'text/plain; charset=utf-8'],
  ['.png', 'image/png'],
];

/** Each encoding is made once, at its first use. */
function webFile(contentType: string, compressed: Uint8Array): WebFile {
  const bodies: Partial<Record<Encoding, Uint8Array>> = { br: compressed };
  const body = (encoding: Encoding): Uint8Array => {
    bodies[encoding] ??= encoding === 'gzip' ? gzipSync(body('identity')) : brotliDecompressSync(compressed);
    return bodies[encoding];
  };
  const version = createHash('sha256').update(compressed).digest('base64url').slice(0, 16);
  return { contentType, version, body };
}

const textFile = (contentType: string, text: string) =>
  webFile(`${contentType}; charset=utf-8`, brotliCompressSync(text));

/**
 * The document of the API and the page that shows it. Only these paths exist, so a path leads nowhere else; a file is
 * read at its first use.
 */
export function swaggerSite(document: () => unknown): SwaggerSite {
  const makers = new Map<string, () => WebFile | Promise<WebFile>>([
    ['docs/2016-01-01', () => textFile('application/json', JSON.stringify(document()))],
    ['ui/index', () => textFile('text/html', page)],
    ['ui/page.js', () => textFile('text/javascript', pageScript)],
    ['ui/page.css', () => textFile('text/css', pageStyle)],
    ...packageFileNames.map((name) => [`ui/${name}`.toLowerCase(), () => fileOfPackage(name)] as const),
  ]);
  const files = new Map<string, WebFile>();
  return async (path) => {
    const file = files.get(path) ?? (await makers.get(path)?.());
    if (file !== undefined) files.set(path, file);
    return file;
  };
}

async function fileOfPackage(name: PackageFileName): Promise<WebFile> {
  const { packageFile } = await import('./package-files.ts');
  const contentType =
    contentTypes.find(([ending]) => name.endsWith(ending))?.[1] ?? 'application/octet-stream';
  return webFile(contentType, packageFile(name));
}
