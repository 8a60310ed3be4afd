import { readdirSync, readFileSync } from 'node:fs';

const functions = new URL('../functions/', import.meta.url);

/** The HTTP triggers as their files write them; `operation` is the API's, where one answers. */
export const httpTriggers = readdirSync(functions)
  .filter((file) => file.startsWith('http-'))
  .map((file) => {
    const text = readFileSync(new URL(file, functions), 'utf8');
    return {
      name: file.replace('.ts', ''),
      text,
      methods: [...(/methods: \[(.+)\]/.exec(text)?.[1] ?? '').matchAll(/'(\w+)'/g)].map(
        ([, method]) => method ?? '',
      ),
      route: /route: '([^']+)'/.exec(text)?.[1] ?? '',
      operation: /service\(\)\.api\.(\w+)/.exec(text)?.[1],
    };
  });
