import type { ApiRequest } from '../model/api-request.ts';
import type { ApiPorts } from './api-ports.ts';
import { permittedOrganization } from './permitted-organization.ts';
import { requiredQuery, wantsStatus } from './query-values.ts';
import { profileDetails } from './wire-format.ts';

/** DES: all profiles of an organization, with `status=true` with their counters. */
export async function profilesList(request: ApiRequest, ports: ApiPorts) {
  const query = requiredQuery(request, 'organizationId');
  const hasStatus = wantsStatus(request);
  const organization = await permittedOrganization(request.caller, 'watch', query, ports);
  const profiles = await ports.profiles.list(organization.id);
  return Promise.all(
    profiles
      .filter(({ state }) => state !== 'deleted')
      .map(async (profile) =>
        profileDetails(profile, hasStatus ? await ports.syncStates.list(profile.id) : undefined),
      ),
  );
}
