import { errorCodes } from '../error-codes.ts';
import type { ModelName, OurModelName } from '../model/operation-contract.ts';

/** A piece of a schema of Swagger 2.0. */
export type SwaggerSchema = Readonly<Record<string, unknown>>;

const text = (description: string): SwaggerSchema => ({ type: 'string', description });
const truth = (description: string): SwaggerSchema => ({ type: 'boolean', description });
const date = (description: string): SwaggerSchema => ({ type: 'string', format: 'date-time', description });
const integer = (description: string): SwaggerSchema => ({ type: 'integer', format: 'int32', description });
const count = (description: string): SwaggerSchema => ({ type: 'integer', format: 'int64', description });

/** The schema of a model, by its name. */
export const modelSchema = (name: ModelName | OurModelName): SwaggerSchema => ({
  $ref: `#/definitions/${name}`,
});
/** A list of what the schema describes. */
export const listOf = (items: SwaggerSchema): SwaggerSchema => ({ type: 'array', items });

const connectorUrl = text(
  'Address that the profiles of the organization are sent to, without a slash at the end.',
);
const profileId = text('Id of the profile, a guid.');
const organization = {
  OrganizationId: text('Id of the organization, a guid.'),
  OrganizationUrl: text('Address of the organization, with a slash at the end.'),
};
const state = integer('0 inactive, 1 active, 3 deleted; a number, as the old service sent it.');
const initialSyncState = text('NotStarted, InProgress, Completed or CompletedWithFailures.');
const metadataState = text('NotCreated, MetadataCreating, Created or Failure.');
const exportStatus = text('Success or Failure; absent until something was exported.');

const counts = {
  TotalNotifications: count('Rows written and rows that failed.'),
  SuccessNotifications: count('Rows written.'),
  FailureNotifications: count('Rows that failed.'),
};

const entity = {
  Type: text(
    'Logical name of a table, or of the table behind a relationship, as metadata/entities and metadata/relationships give it.',
  ),
  Settings: {
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'Kept and given back; without effect.',
  },
  InitialSyncDataCompletedTime: date('When all rows were there.'),
  InitialSyncMetadataCreatedTime: date('When the table was made.'),
  InitialSyncProcessCompleteTime: date('When the initial load ended.'),
  LastDeltaSyncDataTime: date('When changes were last looked for.'),
  LastDeltaSyncMetadataTime: date('Not used.'),
};

const description = {
  Name: text('1 to 200 characters, unique in the organization without regard to case.'),
  OrganizationId: organization.OrganizationId,
  DestinationType: text('SqlAzure (also when absent) or PostgreSql; in any case, or as a number.'),
  DestinationKeyVaultUri: text(
    'Address of the secret that holds the connection string, https://<vault>.vault.azure.net/secrets/<name>[/<version>]; case-sensitive.',
  ),
  DestinationPrefix: text(
    'Tables are called <prefix>_<table>; fewer than 15 letters, digits and underscores, or empty.',
  ),
  DestinationSchemaName: text('Schema of the tables; dbo when absent.'),
  RetryPolicy: modelSchema('RetryPolicy'),
  WriteDeleteLog: truth('Whether deleted rows are also written to the table DeleteLog; false when absent.'),
};

const members: Readonly<Record<ModelName, Readonly<Record<string, SwaggerSchema>>>> = {
  DiscoverResponse: {
    ConnectorUrl: connectorUrl,
    OrganizationName: text('Name of the organization.'),
    ...organization,
  },
  ConnectorDetailResponse: { ConnectorUrl: connectorUrl },
  EntityResponse: {
    DisplayName: text('Name for people.'),
    LogicalName: text('Name for the Type of an entity in a profile.'),
  },
  RelationshipResponse: {
    Entity1LogicalName: text('One of the two tables.'),
    Entity2LogicalName: text('The other one.'),
    IntersectLogicalName: text('The table behind the relationship: the Type of an entity in a profile.'),
    IsIntersect: truth('Always true: only many-to-many relationships have a table.'),
    Name: text('Name of the relationship.'),
  },
  ProfileDescriptionBase: { ...description, Entities: listOf(modelSchema('EntityDescription')) },
  EntityDescription: entity,
  RetryPolicy: {
    MaxRetryCount: integer('0 to 20; 12 when absent.'),
    IntervalInSeconds: integer('0 to 3600; 5 when absent.'),
    // Of any type: clients send it as a name or a number, and it is answered as a number.
    Backoff: { description: '0 or "Simple": the only one.', example: 0 },
  },
  ProfileDetailsDTO: {
    Id: profileId,
    Version: text('Moves when the description changes; must be sent back unchanged to replace it.'),
    State: state,
    ...description,
    OrganizationUrl: organization.OrganizationUrl,
    Entities: listOf(modelSchema('EntityDetailsDTO')),
    CreationTime: date('When the profile was created.'),
    LastModified: date('When it was last created, changed, activated or deactivated.'),
    ActivationTime: date('When it was last activated.'),
    UpdateTime: date('When its description was last changed.'),
    Status: modelSchema('ProfileStatus'),
  },
  EntityDetailsDTO: { ...entity, Status: modelSchema('EntityExportStatusDescription') },
  ProfileStatus: {
    ExportStatus: exportStatus,
    InitialSyncState: initialSyncState,
    MetadataState: metadataState,
    ...counts,
    LastExportDate: date('When rows were last written.'),
    LastModifiedOn: date('When the profile or its progress last changed.'),
  },
  EntityExportStatusDescription: {
    Type: text('Logical name of the table.'),
    ProfileId: profileId,
    ...counts,
    LastExportDate: date('When rows were last written; absent until then.'),
    LastExportStatus: exportStatus,
    EntityMetadataState: metadataState,
    InitialSyncState: initialSyncState,
    RowsExpected: count('While the table is loaded: the rows that were counted before.'),
    RowsLoaded: count('While the table is loaded: the rows read so far.'),
    RemainingSeconds: count('While the table is loaded: until all rows are read, at the present rate.'),
  },
  StatusResponse: {
    Id: profileId,
    State: state,
    ...organization,
  },
  FailuresResponse: {
    FailureBlobUri: text(
      'Link that lists and reads the failure log. Whoever has it can read it: keep it secret.',
    ),
  },
  ErrorResponse: {
    CorrelationId: text('Under this id the log of the service has more; a 401 is not logged.'),
    ErrorCode: {
      type: 'string',
      enum: Object.keys(errorCodes),
      // A generated client must not stumble over a code that comes later.
      'x-ms-enum': { name: 'ErrorCode', modelAsString: true },
      example: 'PROFILE_INVALID',
      description: 'Which error it is; the list is closed for this version.',
    },
    Message: text('What could not be done, what happened, and what is expected.'),
    Details: text('What cures it.'),
    Parameters: listOf({ type: 'string' }),
  },
};

/** What the page offers to send; it needs an id and an address, and is complete then. */
const profileExample = {
  Name: 'Sales',
  OrganizationId: '00000000-0000-0000-0000-000000000000',
  DestinationType: 'PostgreSql',
  DestinationKeyVaultUri: 'https://myvault.vault.azure.net/secrets/reporting',
  DestinationPrefix: '',
  DestinationSchemaName: 'dbo',
  RetryPolicy: { MaxRetryCount: 12, IntervalInSeconds: 5, Backoff: 0 },
  WriteDeleteLog: true,
  Entities: [{ Type: 'account', Settings: {} }],
};

/** DES: every model of the old service. All members are optional, as there; absent ones are left out, never null. */
export const swaggerModels: Readonly<Record<string, SwaggerSchema>> = Object.fromEntries(
  Object.entries(members).map(([name, properties]) => [
    name,
    { type: 'object', properties, ...(name === 'ProfileDescriptionBase' ? { example: profileExample } : {}) },
  ]),
);
