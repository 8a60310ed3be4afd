import { hasCode, ServiceError } from '../../errors.ts';
import type { DestinationType } from '../../model/profile.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Organizations } from '../../ports/dataverse.ts';
import type { Destination, Destinations, ProfileDestinations } from '../../ports/destination.ts';
import type { Secret, Secrets } from '../../ports/secrets.ts';
import { connectionStringKind } from './connection-string-kind.ts';

export interface ProfileDestinationsOptions {
  readonly secrets: Secrets;
  readonly organizations: Pick<Organizations, 'byId'>;
  readonly clock: Clock;
  /** Loads the driver at its first use; a kind without driver cannot be written to. */
  readonly drivers: Readonly<Partial<Record<DestinationType, () => Promise<Destinations>>>>;
}

const keptMilliseconds = 5 * 60_000;
const databaseNames = { SqlAzure: 'SQL Server', PostgreSql: 'PostgreSQL' } as const;

/**
 * Destinations of profiles, one for each connection string, schema and prefix. One that is not used any more, because its
 * secret was rotated, is left to end its idle connections by itself: work may still hold it.
 */
export function profileDestinations(options: ProfileDestinationsOptions): ProfileDestinations {
  const { secrets, organizations, clock, drivers } = options;
  const readSecrets = new Map<string, { readonly secret: Promise<Secret>; readonly until: number }>();
  const opened = new Map<string, Destination>();

  function secretAt(address: string): Promise<Secret> {
    const now = clock.now().getTime();
    const known = readSecrets.get(address);
    if (known !== undefined && known.until > now) return known.secret;
    const secret = secrets.read(address);
    readSecrets.set(address, { secret, until: now + keptMilliseconds });
    secret.catch(() => readSecrets.delete(address));
    return secret;
  }

  return {
    async open({ organizationId, destination: { type, keyVaultUri, schema, prefix } }) {
      const organization = await organizations.byId(organizationId);
      const secret = await secretAt(keyVaultUri);
      checkTag(secret, organization.id, organization.tenantId);
      // A secret set from a file often ends with a line break.
      const connectionString = secret.value.trim();
      const driver = drivers[checkedKind(connectionString, type)] ?? missingDriver(type);
      const key = JSON.stringify([connectionString, schema, prefix]);
      const known = opened.get(key);
      if (known !== undefined) return known;
      const destination = (await driver()).open(connectionString, { schema, prefix });
      const watched = watchLogin(destination, () => {
        readSecrets.delete(keyVaultUri);
        opened.delete(key);
      });
      // Another call may have been faster while the driver was loaded.
      const first = opened.get(key) ?? watched;
      opened.set(key, first);
      return first;
    },
  };
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

function missingDriver(type: DestinationType): never {
  throw new ServiceError(
    'SECRET_VALUE_INVALID',
    `Cannot use the destination's secret: it names ${databaseNames[type]}, for which this version has no driver; PostgreSQL is supported.`,
  );
}

/** The destination, telling when a login is refused: the password may have been rotated. */
function watchLogin(destination: Destination, onRefused: () => void): Destination {
  const watch = async (outcome: Promise<unknown>) => {
    try {
      const value = await outcome;
      // A test of the destination reports the refused login as a finding.
      if (Array.isArray(value) && value.some((finding) => finding?.code === 'DESTINATION_LOGIN_FAILED'))
        onRefused();
      return value;
    } catch (error) {
      if (hasCode(error, 'DESTINATION_LOGIN_FAILED')) onRefused();
      throw error;
    }
  };
  return new Proxy(destination, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function'
        ? (...given: unknown[]) => watch(member.apply(target, given) as Promise<unknown>)
        : member;
    },
  });
}
