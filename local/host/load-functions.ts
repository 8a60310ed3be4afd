import { existsSync, readdirSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type RegisteredFunction, registered } from './functions-core.ts';

export type FunctionsSource = { readonly from: 'sources' | 'bundle'; readonly path: string };

/**
 * Loads the app's functions: every file of the folder `path` (sources), or the one file `path` (bundle).
 * A process can load one app only: the library locks its setup.
 */
export async function loadFunctions({ from, path }: FunctionsSource): Promise<readonly RegisteredFunction[]> {
  answerFunctionsCore();
  if (!existsSync(path)) {
    const cure = from === 'bundle' ? 'run "npm run build" first' : 'a folder of trigger files is expected';
    throw new Error(`Cannot load functions of "${path}": it does not exist; ${cure}.`);
  }
  if (from === 'bundle') createRequire(import.meta.url)(path);
  else {
    for (const file of readdirSync(path)
      .filter((name) => name.endsWith('.ts'))
      .sort()) {
      await import(pathToFileURL(join(path, file)).href);
    }
  }
  if (registered.length === 0) {
    throw new Error(`Cannot load functions of "${path}": it registered none; at least one is expected.`);
  }
  const names = registered.map((one) => one.name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length > 0) {
    throw new Error(
      `Cannot load functions of "${path}": ${twice.join(', ')} registered twice; names must differ.`,
    );
  }
  return registered;
}

function answerFunctionsCore(): void {
  const url = new URL('./functions-core.ts', import.meta.url).href;
  registerHooks({
    resolve: (specifier, context, nextResolve) =>
      specifier === '@azure/functions-core' ? { url, shortCircuit: true } : nextResolve(specifier, context),
  });
}
