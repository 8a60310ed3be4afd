import { type ErrorCode, errorCodes } from '../error-codes.ts';
import { apiContract } from '../model/api-contract.ts';
import type { ErrorStatus, ModelName, OperationContract } from '../model/operation-contract.ts';
import { listOf, modelSchema, type SwaggerSchema, swaggerModels } from './swagger-models.ts';

/** Those that the contract of the API can declare. */
const errorMeanings: Record<ErrorStatus, readonly [meaning: string, example: ErrorCode]> = {
  400: ['The request is wrong, or the test failed; Message has all problems.', 'REQUEST_INVALID'],
  401: [
    'There is no token, or it is not valid; the header WWW-Authenticate says where to get one.',
    'REQUEST_TOKEN_MISSING',
  ],
  403: ['The caller failed authorization.', 'REQUEST_NOT_ALLOWED'],
  404: ['There is no such profile, or it was deleted.', 'PROFILE_NOT_FOUND'],
  412: ['The profile was changed since it was read; get it again.', 'PROFILE_CHANGED'],
  500: ['The service or something that it depends on failed.', 'INTERNAL'],
};

function errorOf(status: ErrorStatus) {
  const [description, code] = errorMeanings[status];
  const example = {
    CorrelationId: '00000000-0000-0000-0000-000000000000',
    ErrorCode: code,
    Message: 'Cannot do this of that: what happened; what is expected.',
    Details: errorCodes[code].cure,
    Parameters: [],
  };
  return { description, schema: modelSchema('ErrorResponse'), examples: { 'application/json': example } };
}

function answerSchema(answer: OperationContract['answer']): SwaggerSchema {
  if (answer === 'string' || answer === 'boolean') return { type: answer };
  const name = answer.replace('[]', '') as ModelName;
  return name === answer ? modelSchema(name) : listOf(modelSchema(name));
}

function operationOf({ operationId, summary, parameters, body, answer, errors }: OperationContract) {
  const inBody = { name: 'profile', in: 'body', required: true };
  return {
    tags: [operationId.split('_')[0]],
    summary,
    operationId,
    consumes: body === undefined ? [] : ['application/json'],
    produces: ['application/json'],
    parameters: [
      ...parameters.map((parameter) => ({
        name: parameter.name,
        in: parameter.in,
        description: parameter.meaning,
        required: parameter.isRequired,
        type: parameter.type,
      })),
      ...(body === undefined ? [] : [{ ...inBody, schema: modelSchema(body) }]),
    ],
    responses: {
      200: { description: 'Done.', schema: answerSchema(answer) },
      ...Object.fromEntries(errors.map((status) => [status, errorOf(status)])),
    },
  };
}

/**
 * DES: the description of the API in Swagger 2.0, as the old service gave it: same operation ids, same models, scalars
 * where the contract has scalars. `resource` is what callers need a token for. It names no host: clients use the one that
 * they got it from.
 */
export function swaggerDocument({ resource }: { readonly resource: string }) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of apiContract.filter(({ isOurs }) => !isOurs)) {
    const path = `/crm/exporter/${operation.path}`;
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: operationOf(operation) };
  }
  const command = `az account get-access-token --resource ${resource} --query accessToken --output tsv`;
  return {
    swagger: '2.0',
    info: {
      version: '2016-01-01',
      title: 'Data Export Service',
      description: `Exports tables of Dataverse to a database. Every call needs a token: get one with \`${command}\`, then choose Authorize and paste it.`,
    },
    basePath: '/',
    securityDefinitions: {
      token: {
        type: 'apiKey',
        in: 'header',
        name: 'Authorization',
        description: `The word Bearer and a token for \`${resource}\`: \`Bearer eyJ...\`. On the page of this service the word may be left out.`,
      },
    },
    security: [{ token: [] }],
    tags: [
      { name: 'Metadata', description: 'What can be exported, and where to.' },
      { name: 'Profiles', description: 'What is exported, and how far it is.' },
    ],
    paths,
    definitions: swaggerModels,
  };
}
