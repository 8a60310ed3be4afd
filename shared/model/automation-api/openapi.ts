import { z } from 'zod';
import { type AutomationRoute, automationContract } from './contract.ts';
import {
  errorAnswerSchema,
  failureAnswerSchema,
  findingAnswerSchema,
  operationAnswerSchema,
  previewSchema,
} from './forms.ts';
import { profileFormSchema } from './profile-form.ts';

type Json = Readonly<Record<string, unknown>>;

const listOf = (item: z.ZodType) =>
  z.object({ items: z.array(item), continuation: z.string().optional().describe('Absent at the end.') });

const models: Readonly<Record<string, z.ZodType>> = {
  ProfileForm: profileFormSchema,
  Operation: operationAnswerSchema,
  OperationList: listOf(operationAnswerSchema),
  Failure: failureAnswerSchema,
  FailureList: listOf(failureAnswerSchema),
  FindingList: listOf(findingAnswerSchema),
  Preview: previewSchema,
  Error: errorAnswerSchema,
};

/** A schema as JSON travels. */
function jsonSchema(schema: z.ZodType): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' }) as Json;
  return rest;
}

const contentOf = (schema: Json) => ({ 'application/json': { schema } });
const modelRef = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const answered = (description: string, name: string, headers?: Json) => ({
  description,
  content: contentOf(modelRef(name)),
  ...(headers && { headers }),
});
const textHeader = (description: string) => ({ description, schema: { type: 'string' } });

const refusals = {
  '400': answered('What is wrong, all of it.', 'Error'),
  '401': answered('No token, or a wrong one.', 'Error', {
    'WWW-Authenticate': textHeader('Where to get one.'),
  }),
  '403': answered('The caller may not.', 'Error'),
  '404': answered('There is none, or not for this caller.', 'Error'),
  '500': answered('It failed here; the log has the correlation id.', 'Error'),
};

function answersOf({ method, answer, body, path }: AutomationRoute): Json {
  if (method === 'GET')
    return {
      '200': answered('As it is now.', answer, { ETag: textHeader('Differs when the answer does.') }),
      '304': { description: 'As it was, by If-None-Match.' },
      ...refusals,
    };
  const location = { Location: textHeader('Where to ask for the operation.') };
  return {
    ...(body && path.includes('/failures/') && { '200': answered('Of a dry run.', 'Preview') }),
    '202': answered('It will be done.', answer, location),
    ...refusals,
  };
}

function parametersOf({ method, path, query }: AutomationRoute): readonly Json[] {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const header = method === 'GET' ? 'If-None-Match' : 'Idempotency-Key';
  const { properties = {} } = query ? (jsonSchema(query) as { properties?: Json }) : {};
  return [
    ...names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    ...Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', required: false, schema })),
    { name: header, in: 'header', required: false, schema: { type: 'string' } },
  ];
}

function operationOf(route: AutomationRoute): Json {
  const { name, summary, body } = route;
  const words = name.split('-').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return {
    operationId: words.join(''),
    tags: [name.split('-')[0]],
    summary,
    parameters: parametersOf(route),
    ...(body && {
      requestBody: {
        required: true,
        content: contentOf(body === profileFormSchema ? modelRef('ProfileForm') : jsonSchema(body)),
      },
    }),
    responses: answersOf(route),
  };
}

/** The OpenAPI 3.1 document of all routes under `automation/`. */
export function automationOpenApi(): Json {
  const routes: readonly AutomationRoute[] = automationContract;
  const byPath = Map.groupBy(routes, ({ path }) => `/${path}`);
  const methods = (some: readonly AutomationRoute[]) =>
    Object.fromEntries(some.map((route) => [route.method.toLowerCase(), operationOf(route)]));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Automation of the Data Export Service',
      version: '1',
      description:
        'For people and ticketing systems. What takes time is an operation, which is asked for its state.',
    },
    security: [{ bearer: [] }],
    paths: Object.fromEntries([...byPath].map(([path, some]) => [path, methods(some)])),
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: Object.fromEntries(Object.entries(models).map(([name, schema]) => [name, jsonSchema(schema)])),
    },
  };
}
