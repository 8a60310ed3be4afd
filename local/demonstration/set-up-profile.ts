import { destinationTypeOf } from '../platform/destination-address.ts';
import { organizationId } from '../sign-ins.ts';
import type { ProfileDetails } from './exporter-client.ts';
import { demonstratedTables } from './show-organization.ts';
import type { Stage } from './stage.ts';

export const retryPolicy = { MaxRetryCount: 2, IntervalInSeconds: 1 } as const;

const profileName = 'Reporting';
const active = 1;

/** Act 2: a profile says what is copied where. One that an earlier start has made is found and goes on. */
export async function setUpProfile(stage: Stage): Promise<{ profile: ProfileDetails; isResumed: boolean }> {
  const { narrator, exporter, platform } = stage;
  narrator.act('A profile says what is copied where');
  const { ConnectorUrl: connectorUrl } = await exporter.discover(platform.addresses.dataverse);
  narrator.say(
    `The administrator signs in, gets a token, and asks which service is in charge: ${connectorUrl}.`,
  );

  const known = (await exporter.profiles(organizationId)).find(({ Name }) => Name === profileName);
  const isResumed = known?.ActivationTime !== undefined;
  if (known && isResumed)
    narrator.good(
      `Profile "${profileName}" is here already: an earlier start made it (${timeOf(known.CreationTime)}).`,
    );
  const profile = known ?? (await createProfile(stage));
  if (profile.State !== active) {
    await exporter.activate(profile.Id);
    narrator.good('Activated: from now on the app copies every row, and then every change.');
    narrator.quote('POST /crm/exporter/profiles/{id}/activate');
  }
  return { profile: await exporter.profile(profile.Id), isResumed };
}

async function createProfile({ narrator, exporter, platform }: Stage): Promise<ProfileDetails> {
  const description = {
    Name: profileName,
    OrganizationId: organizationId,
    DestinationType: destinationTypeOf(platform.addresses.destination) ?? 'PostgreSql',
    DestinationKeyVaultUri: `${platform.addresses.keyvault}/secrets/reporting`,
    DestinationSchemaName: 'dbo',
    Entities: demonstratedTables.map((table) => ({ Type: table })),
    RetryPolicy: { ...retryPolicy, Backoff: 'Simple' },
    WriteDeleteLog: true,
  };
  narrator.say(
    `The database's address and password are in a key vault; the profile only names the secret. First it is validated: is the secret there, does the login work, can these ${demonstratedTables.length} tables be exported?`,
  );
  narrator.quote('POST /crm/exporter/profiles/validate');
  for (const line of (await exporter.validate(description)).split('\n')) narrator.quote(line);
  const profile = await exporter.create(description);
  narrator.good(
    `Profile "${profileName}" created: a refused row is tried again ${retryPolicy.MaxRetryCount} times, ${retryPolicy.IntervalInSeconds} second apart.`,
  );
  narrator.quote(`POST /crm/exporter/profiles   ${profile.Id}`);
  return profile;
}

const timeOf = (date: string) => new Date(date).toISOString().slice(0, 16).replace('T', ' ');
