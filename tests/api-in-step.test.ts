import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compileRoute, matchRoute } from '../local/host/routes.ts';
import { swaggerDocument } from '../shared/api/swagger-document.ts';
import { declaredStatus, methodsAt } from '../shared/edge/declared-status.ts';
import { type ErrorCode, errorCodes } from '../shared/error-codes.ts';
import { apiContract } from '../shared/model/api-contract.ts';
import type { OperationContract } from '../shared/model/operation-contract.ts';
import { httpTriggers as triggers } from './http-triggers.ts';

const root = new URL('../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');
const base = 'crm/exporter/';

const ofTheApi = triggers.filter(
  ({ route, text }) => route.startsWith(base) && text.includes('answer(request,'),
);

describe('the contract and the triggers', () => {
  test('have the same routes, each answered by the operation of its name', () => {
    const served = ofTheApi.map(({ methods, route, operation }) => [
      methods.join(),
      route.replace(base, ''),
      operation,
    ]);
    expect(served.sort()).toEqual(apiContract.map(({ method, path, name }) => [method, path, name]).sort());
  });

  test('let nobody in by a function key: every route is anonymous to the host, and guarded by tokens but for the public ones, webhooks by signatures or keys', () => {
    const isPublic = (name: string) =>
      ['http-health', 'http-aad-challenge', 'http-swagger', 'http-automation-openapi'].includes(name);
    for (const { name, text } of triggers) {
      expect(text, name).toContain("authLevel: 'anonymous'");
      if (!isPublic(name))
        expect(text, name).toMatch(
          /answer(UnknownRoute|TicketWebhook|DataverseWebhook|Automation)?\(request, service\(\)\.door/,
        );
    }
  });

  test('leave no route in the shadow of another: the host takes the first that fits, by the names of the functions', () => {
    const routes = triggers
      .toSorted((one, other) => (one.name.toUpperCase() < other.name.toUpperCase() ? -1 : 1))
      .map(({ name, methods, route }) => compileRoute(route, methods, name));
    for (const { name, methods, route } of triggers)
      for (const method of methods) {
        const path = `/${route.replace(/\{\w+\}/g, 'x').replace('{*path}', 'somewhere/else')}`;
        expect(matchRoute(routes, method, path)?.target, `${method} ${path}`).toBe(name);
      }
  });

  test('know the methods of a path', () => {
    for (const { methods, route } of triggers.filter(
      ({ route }) => route.startsWith(base) && !route.includes('*'),
    ))
      expect(methodsAt(`/${route.replace('{id}', 'x')}`), route).toEqual(expect.arrayContaining(methods));
  });
});

describe('the swagger document', () => {
  test('has the routes that are served, but for what the old service had no route for', () => {
    const document = swaggerDocument({ resource: 'api://a' });
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(`/${base}`, '')}`),
    );
    const served = ofTheApi.map(({ methods, route }) => `${methods.join()} ${route.replace(base, '')}`);
    const ours = apiContract.flatMap(({ isOurs, method, path }) => (isOurs ? [`${method} ${path}`] : []));
    expect([...described, ...ours].sort()).toEqual(served.sort());
  });
});

describe('the table of errors', () => {
  test('has no code that a route may not answer', () => {
    for (const { method, path, errors } of apiContract)
      for (const code of Object.keys(errorCodes) as ErrorCode[]) {
        const { httpStatus } = errorCodes[code];
        const declared: readonly number[] = errors;
        const status = declaredStatus(httpStatus, method, `/${base}${path.replace('{id}', 'x')}`);
        expect(declared, `${code} on ${path}`).toContain(status);
        if (declared.includes(httpStatus)) expect(status).toBe(httpStatus);
      }
  });

  test('has a code for every status that the contract declares', () => {
    const possible = new Set<number>(Object.values(errorCodes).map(({ httpStatus }) => httpStatus));
    expect(apiContract.flatMap(({ errors }) => errors).filter((status) => !possible.has(status))).toEqual([]);
  });
});

describe('docs/compatibility.md', () => {
  const rows = [...read('docs/compatibility.md').matchAll(/^\| (`[A-Z]+ .+`) \| 0\.\d+ \| (.+) \|$/gm)].map(
    ([, routes = '', answers = '']) => ({
      routes: [...routes.matchAll(/`([A-Z]+ [^`]+)`/g)].map(([, route]) => route ?? ''),
      answers,
    }),
  );

  /** As the page writes it: what must be in the query, and in brackets what may be. */
  function written({ method, path, parameters }: OperationContract): string {
    const names = (isRequired: boolean) =>
      parameters.filter((one) => one.in === 'query' && one.isRequired === isRequired).map(({ name }) => name);
    const required = names(true).join('&');
    const optional = names(false).map((name) => `[${required === '' ? '?' : '&'}${name}]`);
    return `${method} ${path}${required === '' ? '' : `?${required}`}${optional.join('')}`;
  }

  test('has every route that is served, with its query, and no other', () => {
    const documented = rows.flatMap(({ routes }) => routes).filter((route) => !/^\w+ \//.test(route));
    expect(documented.sort()).toEqual(['GET aad/challenge', ...apiContract.map(written)].sort());
  });

  test('says of every route what it answers', () => {
    for (const operation of apiContract) {
      const row = rows.find(({ routes }) => routes.includes(written(operation)));
      const { answer } = operation;
      const words = answer === 'boolean' ? /a boolean/ : /a JSON string|empty body/;
      if (answer === 'string' || answer === 'boolean') expect(row?.answers, operation.path).toMatch(words);
      else expect(row?.answers, operation.path).toContain(`\`${answer}\``);
    }
  });
});
