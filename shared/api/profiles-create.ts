import type { ApiRequest } from '../model/api-request.ts';
import type { Profile } from '../model/profile.ts';
import type { ApiPorts } from './api-ports.ts';
import { checkDescription } from './check-description.ts';
import { profileDetails } from './wire-format.ts';

/** DES: stores a profile, inactive. The vault and the destination are not asked: `validate` does that. */
export async function profilesCreate(request: ApiRequest, ports: ApiPorts) {
  const { description, organization } = await checkDescription(request, ports);
  const now = ports.clock.now().toISOString();
  const profile: Profile = {
    ...description,
    id: crypto.randomUUID(),
    organizationUrl: organization.url,
    version: 1,
    state: 'inactive',
    activation: 0,
    createdAt: now,
    lastModifiedAt: now,
  };
  await ports.profiles.create(profile);
  return profileDetails(profile);
}
