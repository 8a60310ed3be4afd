import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('..', import.meta.url));

const emptyFunction = `import { app } from '@azure/functions';
app.setup({ enableHttpStream: true });
app.http('http-empty', { route: 'empty', authLevel: 'anonymous', handler: () => ({ body: 'empty' }) });
`;

/** The app as it is now, bundled into this folder. */
export const buildApp = (folder: string) => buildBundle(join(project, 'functions'), join(folder, 'app.cjs'));

/** An app with nothing but a function that answers `GET /empty`, and takes HTTP streams as ours does. */
export async function buildEmptyApp(folder: string): Promise<string> {
  const functions = join(folder, 'empty');
  mkdirSync(functions);
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(functions, 'http-empty.ts'), emptyFunction);
  return await buildBundle(functions, join(folder, 'empty.cjs'));
}

/** As `npm run build` does. */
async function buildBundle(functions: string, bundle: string): Promise<string> {
  const child = spawn(process.execPath, [join(project, 'build.ts'), functions, bundle], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`Cannot bundle ${functions}: the build ended with ${code}.`);
  return bundle;
}
