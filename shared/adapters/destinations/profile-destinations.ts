import { hasCode, ServiceError } from '../../errors.ts';
import type { DestinationType } from '../../model/profile.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Organizations } from '../../ports/dataverse.ts';
import type { Destination, Destinations, ProfileDestinations } from '../../ports/destination.ts';
import type { Secret, Secrets } from '../../ports/secrets.ts';
import { connectionStringKind } from './connection-string-kind.ts';
import { keptSecrets } from './kept-secrets.ts';

type ProfileOfDestination = Parameters<ProfileDestinations['open']>[0];

export interface ProfileDestinationsOptions {
  readonly secrets: Secrets;
  readonly organizations: Pick<Organizations, 'byId'>;
  readonly clock: Clock;
  /** Each loads its driver at the first use. */
  readonly drivers: Readonly<Record<DestinationType, () => Promise<Destinations>>>;
}

const unusedMilliseconds = 60 * 60_000;
const databaseNames = { SqlAzure: 'SQL Server', PostgreSql: 'PostgreSQL' } as const;

/**
 * Destinations of profiles, one for each connection string, schema and prefix. When a login is refused because the secret
 * was rotated, the call is made again with the new one. One that nobody opened for an hour is closed: no work holds it.
 */
export function profileDestinations(options: ProfileDestinationsOptions): ProfileDestinations {
  const { organizations, clock, drivers } = options;
  const kept = keptSecrets(options.secrets, clock);
  const opened = new Map<string, { readonly destination: Destination; openedAt: number }>();

  async function open(profile: ProfileOfDestination, { isFresh = false } = {}): Promise<Destination> {
    const organization = await organizations.byId(profile.organizationId);
    const secret = await kept.read(profile.destination.keyVaultUri, isFresh);
    try {
      checkTag(secret, organization.id, organization.tenantId);
      return await destinationOf(profile, secret.value);
    } catch (error) {
      kept.doubt(profile.destination.keyVaultUri, secret.value);
      throw error;
    }
  }

  async function destinationOf(
    profile: ProfileOfDestination,
    connectionString: string,
  ): Promise<Destination> {
    const { type, keyVaultUri, schema, prefix } = profile.destination;
    const destinations = await drivers[checkedKind(connectionString, type)]();
    const now = clock.now().getTime();
    const key = JSON.stringify([profile.organizationId, keyVaultUri, connectionString, schema, prefix]);
    const known = opened.get(key);
    if (known !== undefined) {
      known.openedAt = now;
      return known.destination;
    }
    closeUnused(now);
    const destination = watchLogin(destinations.open(connectionString, { schema, prefix }), {
      doubt: () => kept.doubt(keyVaultUri, connectionString),
      renew: () => open(profile),
    });
    opened.set(key, { destination, openedAt: now });
    return destination;
  }

  function closeUnused(now: number): void {
    for (const [key, { destination, openedAt }] of opened) {
      if (now - openedAt < unusedMilliseconds) continue;
      opened.delete(key);
      destination.close().catch(() => undefined);
    }
  }

  return { open };
}

function checkTag({ tags }: Secret, organizationId: string, tenantId: string): void {
  const isSame = (one: string, other: string) => one.trim().toLowerCase() === other.toLowerCase();
  const isTagged = Object.entries(tags).some(
    ([name, value]) => isSame(name, organizationId) && isSame(value, tenantId),
  );
  if (isTagged) return;
  throw new ServiceError(
    'SECRET_TAG_MISSING',
    `Cannot use the destination's secret for organization ${organizationId}: the secret is not tagged for it; a tag named ${organizationId} with value ${tenantId} is expected.`,
    { parameters: [organizationId, tenantId] },
  );
}

function checkedKind(connectionString: string, type: DestinationType): DestinationType {
  const kind = connectionStringKind(connectionString);
  if (kind === type) return kind;
  const happened =
    kind === undefined
      ? 'its value is no connection string'
      : `its value is a connection string of ${databaseNames[kind]}`;
  throw new ServiceError(
    'SECRET_VALUE_INVALID',
    `Cannot use the destination's secret: ${happened}; the profile's destination type ${type} needs one of ${databaseNames[type]}.`,
  );
}

interface LoginWatch {
  /** Told of a refused login. */
  doubt(): void;
  /** The destination with the login that the secret has now; the same as before when it has no other. */
  renew(): Promise<Destination>;
}

/** The destination; a call whose login is refused is made again with a new login, if there is one. */
function watchLogin(destination: Destination, { doubt, renew }: LoginWatch): Destination {
  const watched: Destination = new Proxy(destination, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return async (...given: unknown[]) => {
        try {
          const value: unknown = await member.apply(target, given);
          // A test of the destination reports the refused login as a finding.
          if (Array.isArray(value) && value.some((finding) => finding?.code === 'DESTINATION_LOGIN_FAILED'))
            doubt();
          return value;
        } catch (error) {
          if (!hasCode(error, 'DESTINATION_LOGIN_FAILED')) throw error;
          doubt();
          const renewed = await renew();
          if (renewed === watched) throw error;
          return (Reflect.get(renewed, name) as typeof member)(...given);
        }
      };
    },
  });
  return watched;
}
