import SwaggerParser from '@apidevtools/swagger-parser';
import { expect, test } from 'vitest';
import { swaggerDocument } from '../../../shared/api/swagger-document.ts';
import { type ErrorCode, errorCodes } from '../../../shared/error-codes.ts';

const resource = 'api://55555555-5555-4555-8555-555555555555';
const document = swaggerDocument({ resource });
const operations = Object.values(document.paths).flatMap((path) => Object.values(path)) as {
  operationId: string;
  responses: Record<string, { schema: object; examples?: Record<string, { ErrorCode: ErrorCode }> }>;
}[];

test('the document is valid Swagger 2.0', async () => {
  // The validator resolves references in place.
  const validated = await SwaggerParser.validate(structuredClone(document) as never);
  expect(validated).toMatchObject({ swagger: '2.0', info: { version: '2016-01-01' } });
});

test('the validator refuses a document with a defect', async () => {
  const broken = structuredClone(document);
  broken.paths['/crm/exporter/profiles/{id}'] = { get: { responses: {} } };
  await expect(SwaggerParser.validate(broken as never)).rejects.toThrow();
});

test('the operations are the nineteen of the old service, under their old names', () => {
  expect(operations.map(({ operationId }) => operationId)).toEqual([
    'Metadata_GetOrganizations',
    'Metadata_GetOrgDetails',
    'Metadata_GetConnectorDetails',
    'Metadata_GetEntities',
    'Metadata_GetRelationships',
    'Metadata_HasOrgAcceptedPrivacyTerms',
    'Metadata_AcceptOrgPrivacyTerms',
    'Profiles_GetProfilesByOrganizationId',
    'Profiles_CreateProfile',
    'Profiles_GetProfileById',
    'Profiles_UpdateProfile',
    'Profiles_DeleteProfileById',
    'Profiles_Activate',
    'Profiles_ActivateMetadata',
    'Profiles_ActivateData',
    'Profiles_Deactivate',
    'Profiles_GetTestResultById',
    'Profiles_ValidateBeforeProfileCreation',
    'Profiles_GetProfileFailuresInfoById',
  ]);
});

test('200 is the only success, and every error has the body of the old service', () => {
  for (const { operationId, responses } of operations) {
    const { 200: success, ...errors } = responses;
    expect(success, operationId).toBeDefined();
    const isMetadata = operationId.startsWith('Metadata_');
    expect(Object.keys(errors), operationId).toEqual([
      '400',
      '401',
      '403',
      ...(isMetadata ? [] : ['404']),
      ...(operationId === 'Profiles_UpdateProfile' ? ['412'] : []),
      '500',
    ]);
    for (const [status, { schema, examples }] of Object.entries(errors)) {
      expect(schema).toEqual({ $ref: '#/definitions/ErrorResponse' });
      const code = examples?.['application/json']?.ErrorCode;
      expect(code && errorCodes[code].httpStatus, operationId).toBe(Number(status));
    }
  }
});

test('scalars are scalars: generated clients throw on anything else', () => {
  const schemaOf = (id: string) =>
    operations.find(({ operationId }) => operationId === id)?.responses[200]?.schema;
  for (const name of ['GetTestResultById', 'ValidateBeforeProfileCreation', 'DeleteProfileById'])
    expect(schemaOf(`Profiles_${name}`)).toEqual({ type: 'string' });
  for (const name of ['HasOrgAcceptedPrivacyTerms', 'AcceptOrgPrivacyTerms'])
    expect(schemaOf(`Metadata_${name}`)).toEqual({ type: 'boolean' });
});

test('no model requires a member or allows null, and the codes are the closed table', () => {
  const { definitions } = document;
  const json = JSON.stringify(definitions);
  expect(json).not.toMatch(/"required"|nullable|null/);
  expect(definitions).toMatchObject({
    ErrorResponse: { properties: { ErrorCode: { enum: Object.keys(errorCodes) } } },
  });
});

test('it names the resource to get a token for, and no host', () => {
  expect(document.info.description).toContain(`--resource ${resource} `);
  for (const member of ['host', 'schemes']) expect(document).not.toHaveProperty(member);
});
