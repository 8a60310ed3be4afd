import { permittedOrganization } from '../access/permitted-organization.ts';
import type { ApiRequest } from '../model/api-request.ts';
import { JsonText } from '../model/json-text.ts';
import type { Profile } from '../model/profile.ts';
import type { ApiPorts } from './api-ports.ts';
import { queryValues } from './query-values.ts';
import { profileDetails, profileText } from './wire-format.ts';

/** The store gives the same object until a profile changes, and an organization may have thousands. */
const texts = new WeakMap<Profile, string>();

function textOf(profile: Profile): string {
  const text = texts.get(profile) ?? profileText(profile);
  texts.set(profile, text);
  return text;
}

/** DES: all profiles of an organization, with `status=true` with their counters. */
export async function profilesList(request: ApiRequest, ports: ApiPorts): Promise<JsonText> {
  const query = queryValues(request, 'organizationId', 'status');
  const organization = await permittedOrganization(request.caller, 'watch', query, ports);
  const profiles = (await ports.profiles.list(organization.id)).filter(({ state }) => state !== 'deleted');
  if (query.status !== 'true') return JsonText.list(profiles.map(textOf));
  const withStatus = profiles.map(async (profile) =>
    JSON.stringify(profileDetails(profile, await ports.syncStates.list(profile.id))),
  );
  return JsonText.list(await Promise.all(withStatus));
}
