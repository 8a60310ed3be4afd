import type { JsonClient } from './json-client.ts';

/** What the demonstration reads of one table in `GET profiles/{id}?status=true`. */
export type TableStatus = {
  readonly Type: string;
  readonly InitialSyncDataCompletedTime?: string;
  readonly Status?: {
    readonly InitialSyncState: string;
    readonly SuccessNotifications: number;
    readonly FailureNotifications: number;
  };
};

/** What the demonstration reads of a profile. `State` 1 is active. */
export type ProfileDetails = {
  readonly Id: string;
  readonly Name: string;
  readonly State: number;
  readonly CreationTime: string;
  readonly ActivationTime?: string;
  readonly Entities: readonly TableStatus[];
};

/** The app, as a client of the Data Export Service's REST API sees it. */
export type ExporterClient = {
  /** The address to send an organization's profiles to. */
  discover(organizationUrl: string): Promise<{ readonly ConnectorUrl: string }>;
  profiles(organizationId: string): Promise<readonly ProfileDetails[]>;
  /** The report as lines; a description that does not pass is an error. */
  validate(description: object): Promise<string>;
  create(description: object): Promise<ProfileDetails>;
  activate(id: string): Promise<void>;
  profile(id: string): Promise<ProfileDetails>;
  /** A link to the profile's failure container, good for 24 hours. */
  failureLink(id: string): Promise<string>;
};

export function exporterClient(call: JsonClient): ExporterClient {
  const ask = async <T>(...request: Parameters<JsonClient>) => (await call(...request)) as T;
  const metadata = '/crm/exporter/metadata';
  const profiles = '/crm/exporter/profiles';
  return {
    discover: (organizationUrl) =>
      ask('GET', `${metadata}/discover?organizationUrl=${encodeURIComponent(organizationUrl)}`),
    profiles: (organizationId) => ask('GET', `${profiles}?organizationId=${organizationId}`),
    validate: (description) => ask('POST', `${profiles}/validate`, { body: description }),
    create: (description) => ask('POST', profiles, { body: description }),
    activate: async (id) => void (await call('POST', `${profiles}/${id}/activate`)),
    profile: (id) => ask('GET', `${profiles}/${id}?status=true`),
    failureLink: async (id) =>
      (await ask<{ FailureBlobUri: string }>('GET', `${profiles}/${id}/failures`)).FailureBlobUri,
  };
}
