import type { Profile } from '../model/profile.ts';
import { secretOf } from './neighbours.ts';
import type { ProfileDescription } from './profile-description.ts';
import { type Problem, problemOf } from './wire-members.ts';

/** How an update is named in messages. */
export const updateOf = ({ name }: Pick<Profile, 'name'>) => `update profile ${JSON.stringify(name)}`;

/** Members with which the rows would go to another place, and why an active profile keeps them: the tables are there. */
export function moves(
  { destination: before }: Pick<Profile, 'destination'>,
  { destination }: Pick<Profile, 'destination'>,
): readonly Problem[] {
  const { type, schema, prefix, keyVaultUri } = before;
  const why = 'while the profile is active: its tables are there';
  const stays = (member: string, value: string) => problemOf(member, `stays ${JSON.stringify(value)} ${why}`);
  return [
    ...(destination.type === type ? [] : [stays('DestinationType', type)]),
    ...(destination.schema === schema ? [] : [stays('DestinationSchemaName', schema)]),
    ...(destination.prefix === prefix ? [] : [stays('DestinationPrefix', prefix)]),
    ...(secretOf(destination.keyVaultUri) === secretOf(keyVaultUri)
      ? []
      : [problemOf('DestinationKeyVaultUri', `names the same secret, in any version, ${why}`)]),
  ];
}

/**
 * What a new document must leave as it is: the organization always, and where the rows go while the profile is active.
 * Another version of the same secret may be named.
 */
export function refusedChanges(
  profile: Profile,
  description: Pick<ProfileDescription, 'organizationId' | 'destination'>,
): readonly Problem[] {
  const stays = `stays ${JSON.stringify(profile.organizationId)}: a profile keeps its organization`;
  return [
    ...(description.organizationId === profile.organizationId ? [] : [problemOf('OrganizationId', stays)]),
    ...(profile.state === 'active' ? moves(profile, description) : []),
  ];
}
