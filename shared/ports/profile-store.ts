import type { Profile } from '../model/profile.ts';

/** The profiles' documents. Names are unique per organization without case, also under two creates at the same moment. */
export interface ProfileStore {
  /** `PROFILE_NAME_TAKEN` when a live profile of the organization has the name. */
  create(profile: Profile): Promise<void>;
  get(profileId: string): Promise<Profile | undefined>;
  list(organizationId: string): Promise<readonly Profile[]>;
  /** Profiles of all organizations in state `active`. */
  listActive(): Promise<readonly Profile[]>;
  /** Applies the change to the current document until no other writer came between. `PROFILE_NOT_FOUND` without one. */
  update(profileId: string, change: (profile: Profile) => Profile): Promise<Profile>;
  /** Removes the document and frees its name; nothing happens when it is gone already. */
  remove(profileId: string): Promise<void>;
}
