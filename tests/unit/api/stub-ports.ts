import type { ApiPorts } from '../../../shared/api/api-ports.ts';
import { ServiceError } from '../../../shared/errors.ts';
import type { ApiRequest } from '../../../shared/model/api-request.ts';
import type { Caller } from '../../../shared/model/caller.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import type { Organization } from '../../../shared/model/organization.ts';
import type { PrivacyTermsAnswer } from '../../../shared/model/privacy-terms-answer.ts';
import type { Profile } from '../../../shared/model/profile.ts';
import type { SyncState } from '../../../shared/model/sync-state.ts';
import type { DestinationTable, Relationship, TableSummary } from '../../../shared/model/table-schema.ts';
import type { RetryRowItem, SyncTableItem } from '../../../shared/model/work-item.ts';
import type { Dataverse } from '../../../shared/ports/dataverse.ts';
import type { Destination } from '../../../shared/ports/destination.ts';
import { smallTable } from '../../fakes/fake-dataverse.ts';

export const tenantId = '11111111-1111-4111-8111-111111111111';
export const organization: Organization = {
  id: '22222222-2222-4222-8222-222222222222',
  name: 'Contoso',
  url: 'https://contoso.crm4.dynamics.com/',
  tenantId,
};
export const secretAddress = 'https://contoso.vault.azure.net/secrets/reporting';
export const admin = {
  kind: 'user',
  objectId: 'aaaaaaaa-0000-4000-8000-000000000001',
  tenantId,
} as const satisfies Caller;
export const reader = {
  kind: 'user',
  objectId: 'aaaaaaaa-0000-4000-8000-000000000002',
  tenantId,
} as const satisfies Caller;
export const stranger = {
  kind: 'user',
  objectId: 'aaaaaaaa-0000-4000-8000-000000000009',
  tenantId,
} as const satisfies Caller;
const application = {
  kind: 'application',
  clientId: '33333333-3333-4333-8333-333333333333',
  tenantId,
} as const;
export const ticketing: Caller = { ...application, roles: ['Automation.Operate'] };
export const deploying: Caller = { ...application, roles: ['Profiles.Manage'] };
export const powerless: Caller = { ...application, roles: [] };

export const table = (logicalName: string, facts: Partial<TableSummary> = {}): TableSummary => ({
  logicalName,
  displayName: logicalName.toUpperCase(),
  isIntersect: false,
  hasChangeTracking: true,
  canTrackChanges: true,
  ...facts,
});

const tables = [
  table('contact'),
  table('account'),
  table('untracked', { hasChangeTracking: false }),
  table('sitemap', { hasChangeTracking: false, canTrackChanges: false }),
  table('activitypointer'),
  table('systemuserroles', { isIntersect: true, canTrackChanges: false }),
  table('systemusermanagermap', { hasChangeTracking: false, canTrackChanges: false }),
  table('accountcontacts', { isIntersect: true }),
  table('accountuntracked', { isIntersect: true }),
  table('accountsitemap', { isIntersect: true }),
];

const relationship = (
  name: string,
  intersectName: string,
  firstTable: string,
  secondTable: string,
): Relationship => ({
  name,
  intersectName,
  firstTable,
  secondTable,
});

const relationships = [
  relationship('Account_Untracked', 'accountuntracked', 'account', 'untracked'),
  relationship('AccountContacts_Association', 'accountcontacts', 'account', 'contact'),
  relationship('account_sitemap', 'accountsitemap', 'account', 'sitemap'),
];

export const description = {
  Name: 'Sales',
  OrganizationId: organization.id,
  DestinationType: 'sqlazure',
  DestinationKeyVaultUri: secretAddress,
  DestinationPrefix: '',
  DestinationSchemaName: 'dbo',
  Entities: [{ Type: 'account', Settings: {} }, { Type: 'Contact' }],
  RetryPolicy: { MaxRetryCount: 5, IntervalInSeconds: 7, Backoff: 'Simple' },
  WriteDeleteLog: true,
};

export const request = (parts: Partial<ApiRequest> = {}): ApiRequest => ({
  caller: admin,
  origin: 'https://export.example',
  query: {},
  ...parts,
});

/** What a test may arrange before and look at after. */
export interface Stub {
  readonly profiles: Map<string, Profile>;
  readonly states: Map<string, SyncState>;
  readonly sent: SyncTableItem[];
  readonly retries: RetryRowItem[];
  readonly logged: string[];
  /** Names of the calls that change something, in order. */
  readonly calls: string[];
  dataverseError?: Error;
  destinationError?: Error;
  findings: readonly Finding[];
  /** Profile ids by table, as the destination has them. */
  owners: ReadonlyMap<string, string>;
  /** Tables that a destination was tested with. */
  readonly tested: DestinationTable[];
  /** What destinations were opened with. */
  readonly openedWith: unknown[];
  /** Never aborted, unless a test says so. */
  signalAfter: (milliseconds: number) => AbortSignal;
  /** Answers to the privacy terms, in order. */
  readonly answers: PrivacyTermsAnswer[];
  /** Tables that the app's identity may not read. */
  readonly unreadable: Set<string>;
  readonly ports: ApiPorts;
}

/** In-memory ports of one organization: an administrator, a reader, and the tables above. */
export function stubPorts(): Stub {
  const profiles = new Map<string, Profile>();
  const states = new Map<string, SyncState>();
  const sent: SyncTableItem[] = [];
  const retries: RetryRowItem[] = [];
  const logged: string[] = [];
  const calls: string[] = [];
  const answers: PrivacyTermsAnswer[] = [];
  const unknown = (what: string) =>
    new ServiceError('ORGANIZATION_UNKNOWN', `Cannot find organization ${what}.`);
  const dataverse = {
    tables: async () => tables,
    tableDefinition: async (name: string) => smallTable(name),
    relationships: async () => relationships,
    tablesWithoutRead: async (names: readonly string[]) => names.filter((name) => stub.unreadable.has(name)),
    isSystemAdministrator: async (id: string) => id === admin.objectId,
    isEnabledUser: async (id: string) => id === admin.objectId || id === reader.objectId,
  } as unknown as Dataverse;
  const stub: Stub = {
    profiles,
    states,
    sent,
    retries,
    logged,
    calls,
    answers,
    unreadable: new Set(),
    findings: [{ severity: 'ok', message: 'Connected.' }],
    owners: new Map(),
    tested: [],
    openedWith: [],
    signalAfter: () => new AbortController().signal,
    ports: {
      profiles: {
        create: async (profile) => {
          calls.push('profiles.create');
          profiles.set(profile.id, profile);
        },
        get: async (id) => profiles.get(id),
        list: async (id) => [...profiles.values()].filter(({ organizationId }) => organizationId === id),
        listActive: async () => [...profiles.values()].filter(({ state }) => state === 'active'),
        update: async (id, change) => {
          const current = profiles.get(id);
          if (current === undefined) throw new ServiceError('PROFILE_NOT_FOUND', 'Cannot find it.');
          calls.push('profiles.update');
          const changed = change(current);
          profiles.set(id, changed);
          return changed;
        },
        remove: async (id) => {
          calls.push('profiles.remove');
          profiles.delete(id);
        },
      },
      syncStates: {
        get: async (id, name) => states.get(`${id}/${name}`),
        list: async (id) => [...states.values()].filter(({ profileId }) => profileId === id),
        update: async (id, name, change) => {
          const known = states.get(`${id}/${name}`);
          const changed = change(known);
          if (changed === undefined || changed === known) return known;
          calls.push(`syncStates.update ${name}`);
          states.set(`${id}/${name}`, changed);
          return changed;
        },
        remove: async (id) => {
          calls.push('syncStates.remove');
          for (const key of states.keys()) if (key.startsWith(id)) states.delete(key);
        },
      },
      queues: {
        syncTable: {
          send: async (item) => {
            calls.push(`send ${item.table}`);
            sent.push(item);
          },
        },
        retryRow: {
          send: async (item) => {
            calls.push(`send retry of ${item.table}`);
            retries.push(item);
          },
        },
      },
      failureLog: { link: async (id) => `https://storage.example/profile-${id}?sig=x` },
      organizations: {
        all: async () => [organization],
        byId: async (id) => {
          if (id.toLowerCase() !== organization.id) throw unknown(id);
          return organization;
        },
        byUrl: async (url) => {
          if (url.replace(/\/$/, '') !== organization.url.slice(0, -1)) throw unknown(url);
          return organization;
        },
        dataverse: async () => {
          if (stub.dataverseError) throw stub.dataverseError;
          return dataverse;
        },
      },
      secrets: {
        problemsOfAddress: (address) =>
          address.startsWith(secretAddress) ? [] : ['the host is not allowed'],
      },
      destinations: {
        open: async (_profile, options) => {
          stub.openedWith.push(options);
          if (stub.destinationError) throw stub.destinationError;
          return {
            test: async (shapes: readonly DestinationTable[]) => {
              stub.tested.push(...shapes);
              return stub.findings;
            },
            owners: async () => stub.owners,
          } as unknown as Destination;
        },
      },
      privacyTerms: {
        record: async (answer) => {
          calls.push('privacyTerms.record');
          answers.push(answer);
        },
        latest: async (id) => answers.findLast(({ organizationId }) => organizationId === id),
      },
      definitions: { read: (from, name) => from.tableDefinition(name) },
      arePrivacyTermsRequired: false,
      clock: {
        now: () => new Date('2026-11-23T10:00:00.000Z'),
        signalAfter: (time) => stub.signalAfter(time),
      },
      log: {
        info: (line) => logged.push(`info ${line}`),
        warn: (line) => logged.push(`warn ${line}`),
        error: (line) => logged.push(`error ${line}`),
      },
    },
  };
  return stub;
}

/** The error of a call that must fail. */
export async function errorOf(call: Promise<unknown>): Promise<ServiceError> {
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof ServiceError) return outcome;
  throw new Error(`expected a ServiceError, received ${String(outcome)}`);
}
