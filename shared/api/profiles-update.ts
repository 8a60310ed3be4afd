import { ServiceError } from '../errors.ts';
import type { ApiRequest } from '../model/api-request.ts';
import { type Profile, withTables } from '../model/profile.ts';
import type { ApiPorts } from './api-ports.ts';
import { checkDocument, refusal } from './check-description.ts';
import { liveProfile, notDeleted } from './live-profile.ts';
import { type ParsedDocument, readProfileDocument } from './profile-description.ts';
import { moves, refusedChanges, updateOf } from './refused-changes.ts';
import { statusResponse } from './wire-format.ts';
import { sentencesOf } from './wire-members.ts';

/** `PROFILE_CHANGED` when the document was made of an older or unknown version. */
function requireCurrent(profile: Profile, version: string): void {
  if (version === String(profile.version)) return;
  throw new ServiceError(
    'PROFILE_CHANGED',
    `Cannot ${updateOf(profile)}: it was changed meanwhile; expected Version ${JSON.stringify(String(profile.version))}.`,
    { parameters: [String(profile.version)] },
  );
}

/** The profile with the new document. Decided here, because the state and the version may change at any moment before. */
function replaced(current: Profile, { description, version }: ParsedDocument, now: string): Profile {
  const profile = notDeleted(current);
  requireCurrent(profile, version);
  const refused = refusedChanges(profile, description);
  if (refused.length > 0) throw refusal(updateOf(profile), 'PROFILE_CHANGE_REFUSED', sentencesOf(refused));
  return {
    ...withTables(profile, description.tables),
    ...description,
    version: profile.version + 1,
    updatedAt: now,
    lastModifiedAt: now,
  };
}

/**
 * DES: replaces a profile's document, in any state. On an active one a removed table stops within a page, and an added
 * one waits for the next activation; the retry policy counts from the next retry on.
 */
export async function profilesUpdate(request: ApiRequest, ports: ApiPorts) {
  const profile = await liveProfile(request, 'manage', ports);
  const document = readProfileDocument(request.body, profile.id, ports.secrets);
  if (document.version !== '') requireCurrent(profile, document.version);
  await checkDocument(profile, document, ports);
  const now = ports.clock.now().toISOString();
  let isMoved = false;
  const updated = await ports.profiles.update(profile.id, (current) => {
    isMoved = moves(current, document.description).length > 0;
    return replaced(current, document, now);
  });
  // What is known of its tables is true of the old place only. An activation at this very moment is made good by the watchdog.
  if (isMoved) await ports.syncStates.remove(profile.id);
  return statusResponse(updated);
}
