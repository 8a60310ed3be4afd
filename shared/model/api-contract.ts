import type { ApiParameter, ErrorStatus, OperationContract } from './operation-contract.ts';

type Described = Omit<OperationContract, 'errors' | 'parameters'> & Partial<OperationContract>;

/** The only statuses beside 200 under `metadata/`: generated clients throw untyped on any other. */
export const metadataErrors: readonly ErrorStatus[] = [400, 401, 403, 500];
/** The same elsewhere. */
export const profileErrors: readonly ErrorStatus[] = [400, 401, 403, 404, 500];

const query = (name: string, meaning: string, more: Partial<ApiParameter> = {}): ApiParameter => ({
  name,
  in: 'query',
  type: 'string',
  isRequired: true,
  meaning,
  ...more,
});
const organizationUrl = query(
  'organizationUrl',
  'Address of the organization, with or without a slash at the end.',
);
const organizationId = query('organizationId', 'Id of the organization, a guid.');
const status = query('status', 'true: with the status of the profile and of each of its tables.', {
  type: 'boolean',
  isRequired: false,
});
const isAuthorized = query('isAuthorized', 'true accepts the terms, false refuses them.', {
  type: 'boolean',
});
const id = query('id', 'Id of the profile, a guid.', { in: 'path' });

const metadata = (described: Described): OperationContract => ({
  parameters: [organizationUrl],
  errors: metadataErrors,
  ...described,
});
const profiles = (described: Described): OperationContract => ({
  parameters: described.path.includes('{id}') ? [id] : [],
  errors: profileErrors,
  ...described,
});

/**
 * The whole API of the old service, and a command that only its user interface had: routes, the swagger document and the
 * statuses of errors follow from this table.
 */
export const apiContract: readonly OperationContract[] = [
  metadata({
    name: 'metadataOrganizations',
    method: 'GET',
    path: 'metadata/organizations',
    operationId: 'Metadata_GetOrganizations',
    parameters: [],
    answer: 'DiscoverResponse[]',
    summary: 'The organizations of the caller.',
  }),
  metadata({
    name: 'metadataDiscover',
    method: 'GET',
    path: 'metadata/discover',
    operationId: 'Metadata_GetOrgDetails',
    answer: 'DiscoverResponse',
    summary: 'One organization, with the address that its profiles are sent to.',
  }),
  metadata({
    name: 'metadataConnector',
    method: 'GET',
    path: 'metadata/connector',
    operationId: 'Metadata_GetConnectorDetails',
    parameters: [organizationUrl, organizationId],
    answer: 'ConnectorDetailResponse',
    summary: 'The address that the profiles of an organization are sent to.',
  }),
  metadata({
    name: 'metadataEntities',
    method: 'GET',
    path: 'metadata/entities',
    operationId: 'Metadata_GetEntities',
    answer: 'EntityResponse[]',
    summary: 'The tables that can be exported.',
  }),
  metadata({
    name: 'metadataRelationships',
    method: 'GET',
    path: 'metadata/relationships',
    operationId: 'Metadata_GetRelationships',
    answer: 'RelationshipResponse[]',
    summary: 'The many-to-many relationships that can be exported.',
  }),
  metadata({
    name: 'metadataPrivacyGet',
    method: 'GET',
    path: 'metadata/hasorgacceptedprivacyterms',
    operationId: 'Metadata_HasOrgAcceptedPrivacyTerms',
    parameters: [organizationId],
    answer: 'boolean',
    summary: 'Whether the privacy terms were accepted for an organization.',
  }),
  metadata({
    name: 'metadataPrivacyAccept',
    method: 'POST',
    path: 'metadata/acceptprivacyterms',
    operationId: 'Metadata_AcceptOrgPrivacyTerms',
    parameters: [organizationUrl, organizationId, isAuthorized],
    answer: 'boolean',
    summary: 'Accepts or refuses the privacy terms for an organization.',
  }),
  profiles({
    name: 'profilesList',
    method: 'GET',
    path: 'profiles',
    operationId: 'Profiles_GetProfilesByOrganizationId',
    parameters: [organizationId, status],
    answer: 'ProfileDetailsDTO[]',
    summary: 'The profiles of an organization.',
  }),
  profiles({
    name: 'profilesCreate',
    method: 'POST',
    path: 'profiles',
    operationId: 'Profiles_CreateProfile',
    body: 'ProfileDescriptionBase',
    answer: 'ProfileDetailsDTO',
    summary: 'Stores a profile, inactive. The vault and the destination are not asked: validate does that.',
  }),
  profiles({
    name: 'profilesGet',
    method: 'GET',
    path: 'profiles/{id}',
    operationId: 'Profiles_GetProfileById',
    parameters: [id, status],
    answer: 'ProfileDetailsDTO',
    summary: 'One profile.',
  }),
  profiles({
    name: 'profilesUpdate',
    method: 'PUT',
    path: 'profiles/{id}',
    operationId: 'Profiles_UpdateProfile',
    body: 'ProfileDetailsDTO',
    answer: 'StatusResponse',
    errors: [...profileErrors, 412],
    summary:
      'Replaces the whole description of a profile; 412 when somebody else changed it since it was read.',
  }),
  profiles({
    name: 'profilesDelete',
    method: 'DELETE',
    path: 'profiles/{id}',
    operationId: 'Profiles_DeleteProfileById',
    answer: 'string',
    summary: 'Deletes a profile in any state; its tables in the destination stay. The answer is empty.',
  }),
  profiles({
    name: 'profilesActivate',
    method: 'POST',
    path: 'profiles/{id}/activate',
    operationId: 'Profiles_Activate',
    answer: 'StatusResponse',
    summary: 'Starts the export: makes the tables, loads them, follows their changes.',
  }),
  profiles({
    name: 'profilesActivateMetadata',
    method: 'POST',
    path: 'profiles/{id}/activatemetadata',
    operationId: 'Profiles_ActivateMetadata',
    answer: 'StatusResponse',
    summary: 'Makes the tables in the destination, without rows.',
  }),
  profiles({
    name: 'profilesActivateData',
    method: 'POST',
    path: 'profiles/{id}/activatedata',
    operationId: 'Profiles_ActivateData',
    answer: 'StatusResponse',
    summary: 'Starts the export of rows, and makes the tables that it needs.',
  }),
  profiles({
    name: 'profilesDeactivate',
    method: 'POST',
    path: 'profiles/{id}/deactivate',
    operationId: 'Profiles_Deactivate',
    answer: 'StatusResponse',
    summary: 'Stops the export; the next activation goes on from there.',
  }),
  profiles({
    name: 'profilesTest',
    method: 'GET',
    path: 'profiles/{id}/test',
    operationId: 'Profiles_GetTestResultById',
    answer: 'string',
    summary:
      'Tries what a profile needs. A passed test is 200 with a report; a failed one is 400 with the report.',
  }),
  profiles({
    name: 'profilesValidate',
    method: 'POST',
    path: 'profiles/validate',
    operationId: 'Profiles_ValidateBeforeProfileCreation',
    body: 'ProfileDescriptionBase',
    answer: 'string',
    summary: 'Tries what a profile would need before it is created; answers as test does. Nothing is stored.',
  }),
  profiles({
    name: 'profilesFailures',
    method: 'GET',
    path: 'profiles/{id}/failures',
    operationId: 'Profiles_GetProfileFailuresInfoById',
    answer: 'FailuresResponse',
    summary: 'A link to the failure log, valid for up to 24 hours; each call makes a new one.',
  }),
  profiles({
    name: 'profilesResync',
    method: 'POST',
    path: 'profiles/{id}/resync',
    operationId: 'Profiles_Resync',
    body: 'ResyncRequest',
    answer: 'ResyncResponse',
    isOurs: true,
    summary: 'Exports failed records, some by id, or a whole table again.',
  }),
];
