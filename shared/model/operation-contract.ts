import type { ErrorCodeFacts } from '../error-codes.ts';

/** A status that an error of the API can have; webhooks have some more. */
export type ErrorStatus = Exclude<ErrorCodeFacts['httpStatus'], 409 | 413 | 415>;

/** The old service's names for what travels in bodies; `shared/api/swagger-models.ts` says what they hold. */
export type ModelName =
  | 'DiscoverResponse'
  | 'ConnectorDetailResponse'
  | 'EntityResponse'
  | 'RelationshipResponse'
  | 'ProfileDescriptionBase'
  | 'EntityDescription'
  | 'RetryPolicy'
  | 'ProfileDetailsDTO'
  | 'EntityDetailsDTO'
  | 'ProfileStatus'
  | 'EntityExportStatusDescription'
  | 'StatusResponse'
  | 'FailuresResponse'
  | 'ErrorResponse';

/** Names of ours for what the old service had no description of; `docs/compatibility.md` has them. */
export type OurModelName = 'ResyncRequest' | 'ResyncResponse';

/** One parameter; all have a single value. */
export interface ApiParameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly type: 'string' | 'boolean';
  readonly isRequired: boolean;
  readonly meaning: string;
}

/** One operation, as the contract has it. */
export interface OperationContract {
  /** Name of the function that answers, as in `shared/api/operations.ts`. */
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Under `/crm/exporter/`. */
  readonly path: string;
  readonly operationId: string;
  readonly parameters: readonly ApiParameter[];
  readonly body?: ModelName | OurModelName;
  readonly answer: ModelName | OurModelName | `${ModelName}[]` | 'string' | 'boolean';
  /** The only statuses beside 200. */
  readonly errors: readonly ErrorStatus[];
  /** True for what is not in the old service's description, and so not in the document that repeats it. */
  readonly isOurs?: boolean;
  /** One sentence for people. */
  readonly summary: string;
}
