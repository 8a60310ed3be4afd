import type { ApiRequest } from '../model/api-request.ts';
import type { ApiPorts } from './api-ports.ts';
import { health } from './health.ts';
import { metadataConnector } from './metadata-connector.ts';
import { metadataDiscover } from './metadata-discover.ts';
import { metadataEntities } from './metadata-entities.ts';
import { metadataOrganizations } from './metadata-organizations.ts';
import { metadataPrivacyAccept } from './metadata-privacy-accept.ts';
import { metadataPrivacyGet } from './metadata-privacy-get.ts';
import { metadataRelationships } from './metadata-relationships.ts';
import { profilesActivate } from './profiles-activate.ts';
import { profilesActivateData } from './profiles-activate-data.ts';
import { profilesActivateMetadata } from './profiles-activate-metadata.ts';
import { profilesCreate } from './profiles-create.ts';
import { profilesDeactivate } from './profiles-deactivate.ts';
import { profilesDelete } from './profiles-delete.ts';
import { profilesFailures } from './profiles-failures.ts';
import { profilesGet } from './profiles-get.ts';
import { profilesList } from './profiles-list.ts';
import { profilesResync } from './profiles-resync.ts';
import { profilesTest } from './profiles-test.ts';
import { profilesUpdate } from './profiles-update.ts';
import { profilesValidate } from './profiles-validate.ts';

const operations = {
  metadataConnector,
  metadataDiscover,
  metadataEntities,
  metadataOrganizations,
  metadataPrivacyAccept,
  metadataPrivacyGet,
  metadataRelationships,
  profilesActivate,
  profilesActivateData,
  profilesActivateMetadata,
  profilesCreate,
  profilesDeactivate,
  profilesDelete,
  profilesFailures,
  profilesGet,
  profilesList,
  profilesResync,
  profilesTest,
  profilesUpdate,
  profilesValidate,
};

type ApiOperation = (request: ApiRequest) => Promise<unknown>;

/** Every operation with its ports already given: the JSON to answer, or undefined for an empty body. */
export type ApiOperations = Readonly<Record<keyof typeof operations, ApiOperation>> & {
  readonly health: () => Promise<boolean>;
};

/** The operations of the API, bound to their ports. */
export function apiOperations(ports: ApiPorts): ApiOperations {
  const bound = Object.entries(operations).map(([name, operation]): [string, ApiOperation] => [
    name,
    (request) => operation(request, ports),
  ]);
  return {
    ...(Object.fromEntries(bound) as Record<keyof typeof operations, ApiOperation>),
    health: () => health(ports),
  };
}
