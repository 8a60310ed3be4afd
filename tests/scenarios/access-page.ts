import { readFileSync } from 'node:fs';
import { compileRoute, matchRoute } from '../../local/host/routes.ts';
import { httpTriggers } from '../http-triggers.ts';

const page = new URL('../../docs/access.md', import.meta.url);

/** One route of the table, with what each column is answered. */
export interface AccessRow {
  readonly method: string;
  /** As the page writes it, `{id}` for the id of a profile. */
  readonly path: string;
  readonly answers: ReadonlyMap<string, { readonly status: number; readonly isEmpty: boolean }>;
}

const cellsOf = (line: string) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

/** The table of docs/access.md, and the names of its columns as the page explains them. */
export function accessPage(): { rows: readonly AccessRow[]; columns: readonly string[] } {
  const lines = readFileSync(page, 'utf8').split('\n');
  const tableOf = (first: string) => {
    const start = lines.findIndex((line) => line.startsWith(`| ${first} |`));
    const end = lines.indexOf('', start);
    const [head = '', , ...body] = lines.slice(start, end);
    return { columns: cellsOf(head).slice(1), body: body.map(cellsOf) };
  };
  const { columns, body } = tableOf('route');
  const rows = body.map(([route = '', ...cells]) => {
    const [, method = '', path = ''] = /^`([A-Z]+) (\/\S+)`$/.exec(route) ?? [];
    const answers = columns.map((column, index) => {
      const [, status, star] = /^(\d{3})(\*?)$/.exec(cells[index] ?? '') ?? [];
      return [column, { status: Number(status), isEmpty: star === '*' }] as const;
    });
    return { method, path, answers: new Map(answers) };
  });
  const explained = tableOf('column').body.map(([name = '']) => name);
  if (explained.join() !== columns.join())
    throw new Error(`The page explains ${explained}, and has ${columns}.`);
  return { rows, columns };
}

/** The name of the HTTP trigger that takes a request. */
export function triggerOf(method: string, path: string): string | undefined {
  const routes = httpTriggers.map(({ name, methods, route }) => compileRoute(route, methods, name));
  return matchRoute(routes, method, path)?.target;
}
