import type { Profile } from '../model/profile.ts';
import { secretOf } from './neighbours.ts';
import type { ProfileDescription } from './profile-description.ts';

/** How an update is named in messages. */
export const updateOf = ({ name }: Pick<Profile, 'name'>) => `update profile ${JSON.stringify(name)}`;

/** A member that stays as it is, and why. */
export interface RefusedChange {
  readonly member: string;
  readonly sentence: string;
}

/**
 * What a new document must leave as it is: the organization always, and where the rows go while the profile is active,
 * because the tables are there. Another version of the same secret may be named.
 */
export function refusedChanges(profile: Profile, { organizationId, destination }: ProfileDescription) {
  const refused: RefusedChange[] = [];
  const refuse = (member: string, sentence: string) =>
    refused.push({ member, sentence: `${member} ${sentence}` });
  if (organizationId !== profile.organizationId)
    refuse(
      'OrganizationId',
      `stays ${JSON.stringify(profile.organizationId)}: a profile keeps its organization`,
    );
  if (profile.state !== 'active') return refused;
  const { type, schema, prefix, keyVaultUri } = profile.destination;
  const why = 'while the profile is active: its tables are there';
  if (destination.type !== type) refuse('DestinationType', `stays ${JSON.stringify(type)} ${why}`);
  if (destination.schema !== schema)
    refuse('DestinationSchemaName', `stays ${JSON.stringify(schema)} ${why}`);
  if (destination.prefix !== prefix) refuse('DestinationPrefix', `stays ${JSON.stringify(prefix)} ${why}`);
  if (secretOf(destination.keyVaultUri) !== secretOf(keyVaultUri))
    refuse('DestinationKeyVaultUri', `names the same secret, in any version, ${why}`);
  return refused;
}
