import { rawRequest } from '../scenarios/raw-request.ts';
import { casts, JsonDate, list, parseToken, type Token } from './json-net.ts';

/** Members of a class of the tool. A value type cannot be null; what is absent keeps its preset. */
type Shape = Readonly<Record<string, (token: Token) => unknown>>;

const orNull =
  <Value>(cast: (token: Token) => Value) =>
  (token: Token) =>
    token === null ? null : cast(token);

/** `JsonConvert.DeserializeObject`: exact names first, then in any case; unknown members are left out. */
const object =
  <Members extends Shape>(members: Members) =>
  (token: Token): { [Name in keyof Members]: ReturnType<Members[Name]> } => {
    if (token === null || typeof token !== 'object' || Array.isArray(token) || token instanceof JsonDate)
      throw new Error('Cannot deserialize the current JSON into the class.');
    const read: Record<string, unknown> = {};
    for (const [sent, value] of Object.entries(token)) {
      const name = Object.keys(members).find((own) => own.toLowerCase() === sent.toLowerCase());
      if (name !== undefined) read[name] = members[name]?.(value);
    }
    return read as { [Name in keyof Members]: ReturnType<Members[Name]> };
  };

const text = orNull(casts.string);
const organization = object({
  ConnectorUrl: text,
  OrganizationId: text,
  OrganizationName: text,
  OrganizationUrl: text,
});
const table = object({ DisplayName: text, LogicalName: text });
const profile = object({
  Id: text,
  Name: text,
  Version: text,
  State: text,
  OrganizationUrl: text,
  Entities: list(
    object({
      Type: text,
      Status: orNull(
        object({
          TotalNotifications: casts.int32,
          SuccessNotifications: casts.int32,
          FailureNotifications: casts.int32,
          LastExportDate: casts.date,
          LastExportStatus: text,
          EntityMetadataState: text,
          InitialSyncState: text,
        }),
      ),
    }),
  ),
});

/** `HttpUtility.UrlEncode`: as a form does it, with small hexadecimal digits. */
export const urlEncode = (value: string) =>
  new URLSearchParams({ v: value })
    .toString()
    .slice(2)
    .replace(/%[0-9A-F]{2}/g, (digits) => digits.toLowerCase());

/** What the tool sends to validate and to create; members that it has no value for are null. */
export function toolDescription<Differences extends object>(
  differences: Differences,
  tables: readonly string[],
) {
  return {
    Id: null,
    Version: null,
    State: null,
    OrganizationUrl: null,
    Status: null,
    DestinationType: 'sqlazure',
    DestinationSchemaName: 'dbo',
    RetryPolicy: { MaxRetryCount: 5, IntervalInSeconds: 5, Backoff: 'Simple' },
    WriteDeleteLog: true,
    Entities: tables.map((Type) => ({
      Type,
      Settings: {},
      LogicalName: null,
      DisplayName: null,
      Status: null,
    })),
    ...differences,
  };
}

/**
 * A program that set up exports for years: it finds the organization, makes a profile, starts it and polls until all
 * tables are loaded. Any answer but 2xx is an exception whose message is the raw body.
 */
export function deploymentTool(discoveryUrl: string, token: string) {
  async function send(base: string, method: string, path: string, content?: string): Promise<string> {
    const headers = {
      Authorization: `Bearer ${token}`,
      ...(content === undefined
        ? {}
        : {
            'Content-Type': 'application/json; charset=utf-8',
            'Content-Length': String(Buffer.byteLength(content)),
          }),
    };
    const answered = await rawRequest(base, method, path, { headers, ...(content ? { body: content } : {}) });
    if (answered.status < 200 || answered.status > 299) throw new Error(answered.text);
    return answered.text;
  }
  const parsed = async (answer: Promise<string>) => parseToken(await answer);

  return {
    organizations: async () =>
      list(organization)(await parsed(send(discoveryUrl, 'GET', '/crm/exporter/metadata/organizations'))),
    discover: async (organizationUrl: string) =>
      organization(
        await parsed(
          send(
            discoveryUrl,
            'GET',
            `/crm/exporter/metadata/discover?organizationUrl=${urlEncode(organizationUrl)}`,
          ),
        ),
      ),
    /** The calls of one connector; its address is the base of paths that begin at the root. */
    at: (connectorUrl: string) => {
      const get = (path: string) => parsed(send(connectorUrl, 'GET', path));
      return {
        // The address is not escaped, and the parameter is in lower case.
        entities: async (organizationUrl: string) =>
          list(table)(await get(`/crm/exporter/metadata/entities?organizationurl=${organizationUrl}`)),
        validate: (body: object) =>
          send(connectorUrl, 'POST', '/crm/exporter/profiles/validate', JSON.stringify(body)),
        create: async (body: object) =>
          profile(await parsed(send(connectorUrl, 'POST', '/crm/exporter/profiles', JSON.stringify(body)))),
        /** An answer that is no object is a failure. */
        activate: async (id: string) =>
          object({ Id: text, State: text })(
            await parsed(send(connectorUrl, 'POST', `/crm/exporter/profiles/${id}/activate`, '')),
          ),
        profile: async (id: string) => profile(await get(`/crm/exporter/profiles/${id}?status=true`)),
        profiles: async (organizationId: string) =>
          list(profile)(await get(`/crm/exporter/profiles?organizationId=${organizationId}&status=true`)),
        delete: (id: string) => send(connectorUrl, 'DELETE', `/crm/exporter/profiles/${id}`),
      };
    },
  };
}
