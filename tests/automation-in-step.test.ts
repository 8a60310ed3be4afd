import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { automationRequests } from '../shared/automation/requests/automation-requests.ts';
import type { RequestPorts } from '../shared/automation/requests/request-ports.ts';
import { methodsAt } from '../shared/edge/declared-status.ts';
import { automationContract } from '../shared/model/automation-api/contract.ts';
import { automationOpenApi } from '../shared/model/automation-api/openapi.ts';
import { operationCanBecome, operationStates } from '../shared/model/operation.ts';
import { settingsSchema } from '../shared/settings.ts';
import { httpTriggers } from './http-triggers.ts';
import { allowedSteps, drawnSteps } from './state-diagram.ts';

const page = readFileSync(new URL('../docs/automation-api.md', import.meta.url), 'utf8');
const served = httpTriggers.filter(({ text }) => text.includes('answerAutomation('));

interface Described {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, unknown>>;
}
const document = JSON.parse(JSON.stringify(automationOpenApi())) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
};
const described = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
);

describe('the routes of the automation', () => {
  test('are those of the contract, each answered by the use case of its name', () => {
    const triggers = served.map(({ name, methods, route, text }) => [
      methods.join(),
      route,
      name.replace('http-automation-', ''),
      /requests\['([\w-]+)'\]/.exec(text)?.[1],
    ]);
    const contract = automationContract.map(({ method, path, name }) => [method, path, name, name]);
    expect(triggers.sort()).toEqual(contract.sort());
    const useCases = Object.keys(automationRequests({} as RequestPorts));
    expect(useCases.sort()).toEqual(automationContract.map(({ name }) => name).sort());
  });

  test('know their methods, and answer no other', () => {
    for (const { method, path } of automationContract)
      expect(methodsAt(`/${path.replace(/\{\w+\}/g, 'x')}`)).toContain(method);
    expect(methodsAt('/automation/openapi.json')).toEqual(['GET']);
    expect(methodsAt('/automation/profiles')).toEqual(['POST']);
    expect(methodsAt('/automation/nothing')).toEqual([]);
  });
});

describe('the OpenAPI document', () => {
  test('has the routes that are served, each with a name of its own', () => {
    expect(described.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(
      automationContract.map(({ method, path }) => `${method} /${path}`).sort(),
    );
    const ids = described.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('has every parameter of the path, and of the query as it is read', () => {
    for (const { method, path, operation } of described) {
      const names = (place: string) =>
        operation.parameters.filter((one) => one.in === place).map(({ name }) => name);
      expect(names('path')).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
      const route = automationContract.find((one) => one.method === method && `/${one.path}` === path);
      const query = route && 'query' in route ? Object.keys(route.query.shape) : [];
      expect(names('query')).toEqual(query);
      expect(names('header')).toEqual([method === 'GET' ? 'If-None-Match' : 'Idempotency-Key']);
    }
  });

  test('refers to nothing that it does not have, and says what each answer is', () => {
    const text = JSON.stringify(document);
    const refs = new Set([...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name));
    expect([...refs].sort()).toEqual(Object.keys(document.components.schemas).sort());
    expect([...text.matchAll(/"\$ref":"([^"]+)"/g)].filter(([, ref]) => !ref?.startsWith('#/comp'))).toEqual(
      [],
    );
    for (const { method, operation } of described) {
      const statuses = Object.keys(operation.responses);
      expect(statuses).toEqual(expect.arrayContaining(method === 'GET' ? ['200', '304'] : ['202']));
      expect(statuses).toEqual(expect.arrayContaining(['400', '401', '403', '404', '500']));
    }
  });
});

describe('docs/automation-api.md', () => {
  test('has every route, and no other', () => {
    const rows = [...page.matchAll(/^\| `(GET|POST) \/(automation\/\S+)` \|/gm)];
    expect(rows.map(([, method, path]) => `${method} ${path}`).sort()).toEqual(
      [
        'GET automation/openapi.json',
        ...automationContract.map(({ method, path }) => `${method} ${path}`),
      ].sort(),
    );
  });

  test('draws every step of the life of an operation, and no other', () => {
    const steps = allowedSteps(operationStates, operationCanBecome);
    expect(steps.length).toBeGreaterThan(3);
    expect(drawnSteps(page, 'The life of an operation')).toEqual(steps);
  });

  test('names only settings that exist', () => {
    const names = [...page.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, name = '']) => name);
    expect(names.filter((name) => !(name in settingsSchema.shape))).toEqual([]);
  });
});
