import { rawRequest } from '../scenarios/raw-request.ts';
import { casts, list, member, parseToken, type Token } from './json-net.ts';

/** What a call gives: the model it read, an `ErrorResponse`, or null for a 401 and a 403. */
export type Result<Model> = { readonly status: number; readonly body: Model | ErrorResponse | null };

/** The client's own exception: of a status that the operation does not declare. */
export class HttpOperationException extends Error {}

const metadataErrors = [400, 401, 403, 500];
const profileErrors = [400, 401, 403, 404, 500];

/** `Uri.EscapeDataString`: all but the unreserved characters. */
const escaped = (text: string) =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );

type Cast<Value> = (token: Token) => Value;

/** Absent and null members stay unset; others are cast, and a wrong one throws. */
function read<Value>(token: Token, name: string, cast: Cast<Value>): Value | undefined {
  const value = member(token, name);
  return value === undefined || value === null ? undefined : cast(value);
}

type Casts = Readonly<Record<string, Cast<unknown>>>;
type Model<Members extends Casts> = { [Name in keyof Members]?: ReturnType<Members[Name]> };

/** `DeserializeJson` of a model. */
const model =
  <Members extends Casts>(members: Members): Cast<Model<Members>> =>
  (token) =>
    Object.fromEntries(
      Object.entries(members)
        .map(([name, cast]) => [name, read(token, name, cast)] as const)
        .filter(([, value]) => value !== undefined),
    ) as Model<Members>;

const { string, boolean, int32, int64, date } = casts;

const errorResponse = model({
  CorrelationId: string,
  Details: string,
  Message: string,
  ErrorCode: string,
  Parameters: list(string),
});
export type ErrorResponse = ReturnType<typeof errorResponse>;

const discoverResponse = model({
  ConnectorUrl: string,
  OrganizationId: string,
  OrganizationName: string,
  OrganizationUrl: string,
});
const entityResponse = model({ DisplayName: string, LogicalName: string });
const relationshipResponse = model({
  Entity1LogicalName: string,
  Entity2LogicalName: string,
  IntersectLogicalName: string,
  IsIntersect: boolean,
  Name: string,
});
const counts = { TotalNotifications: int64, SuccessNotifications: int64, FailureNotifications: int64 };
const entityDetails = model({
  Type: string,
  // The generator's defect: the bag that the wire calls Settings is looked for under this name.
  Object: (token) => token,
  InitialSyncDataCompletedTime: date,
  InitialSyncMetadataCreatedTime: date,
  InitialSyncProcessCompleteTime: date,
  LastDeltaSyncDataTime: date,
  LastDeltaSyncMetadataTime: date,
  Status: model({
    Type: string,
    ProfileId: string,
    ...counts,
    LastExportDate: date,
    LastExportStatus: string,
    EntityMetadataState: string,
    InitialSyncState: string,
  }),
});
const profileDetails = model({
  Id: string,
  Name: string,
  OrganizationId: string,
  Version: string,
  State: string,
  DestinationType: string,
  DestinationKeyVaultUri: string,
  DestinationPrefix: string,
  DestinationSchemaName: string,
  Entities: list(entityDetails),
  RetryPolicy: model({ MaxRetryCount: int32, IntervalInSeconds: int32, Backoff: string }),
  WriteDeleteLog: boolean,
  LastModified: date,
  CreationTime: date,
  ActivationTime: date,
  UpdateTime: date,
  Status: model({
    ExportStatus: string,
    InitialSyncState: string,
    MetadataState: string,
    ...counts,
    LastExportDate: date,
    LastModifiedOn: date,
  }),
});
export type ProfileDetails = ReturnType<typeof profileDetails>;
const statusResponse = model({ Id: string, State: string });

/** `SerializeJson` and `ToString(Formatting.Indented)` on Windows; a date is written with the offset of UTC. */
function serialized(body: object): string {
  const withDates = JSON.stringify(
    body,
    function (this: Record<string, unknown>, name, value) {
      const own = this[name];
      return own instanceof Date ? own.toISOString().replace(/Z$/, '+00:00') : value;
    },
    2,
  );
  return withDates.replaceAll('\n', '\r\n');
}

/**
 * The client that AutoRest 0.9.7 generated from the old service's description: its requests to the letter, and its way
 * of reading, which throws on whatever the description did not foresee.
 */
export function generatedClient(baseUrl: string, token: string) {
  async function call<Value>(
    method: string,
    path: string,
    {
      query = {},
      body,
      errors,
      ok,
    }: {
      readonly query?: Readonly<Record<string, string | undefined>>;
      readonly body?: object;
      readonly errors: readonly number[];
      readonly ok: (document: Token | undefined) => Value;
    },
  ): Promise<Result<Value>> {
    const parameters = Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${escaped(value)}`],
    );
    const url = `/crm/exporter/${path}${parameters.length > 0 ? `?${parameters.join('&')}` : ''}`;
    const content = body === undefined ? undefined : serialized(body);
    const answered = await rawRequest(baseUrl.replace(/\/$/, ''), method, url, {
      headers: {
        Authorization: `Bearer ${token}`,
        ...(content === undefined
          ? method === 'POST'
            ? { 'Content-Length': '0' }
            : {}
          : {
              'Content-Type': 'application/json',
              'Content-Length': String(Buffer.byteLength(content)),
              Expect: '100-continue',
            }),
        Connection: 'Keep-Alive',
      },
      ...(content === undefined ? {} : { body: content }),
    });
    const { status, text } = answered;
    const document = () => (text === '' ? undefined : parseToken(text));
    if (status === 200) return { status, body: ok(document()) };
    if (!errors.includes(status)) throw new HttpOperationException(`${method} ${path}: ${status} ${text}`);
    if (status === 401 || status === 403) return { status, body: null };
    const error = document();
    return { status, body: error === undefined ? {} : errorResponse(error) };
  }

  const object =
    <Value>(cast: Cast<Value>) =>
    (document: Token | undefined): Value | undefined =>
      document === undefined ? undefined : cast(document);
  const metadata = <Value>(
    name: string,
    query: Readonly<Record<string, string>>,
    ok: (document: Token | undefined) => Value,
    method = 'GET',
  ) => call(method, `metadata/${name}`, { query, errors: metadataErrors, ok });
  const ofProfile = <Value>(
    method: string,
    id: string,
    rest: string,
    ok: (document: Token | undefined) => Value,
  ) => call(method, `profiles/${escaped(id)}${rest}`, { errors: profileErrors, ok });

  return {
    organizations: () => metadata('organizations', {}, object(list(discoverResponse))),
    discover: (organizationUrl: string) =>
      metadata('discover', { organizationUrl }, object(discoverResponse)),
    connector: (organizationUrl: string, organizationId: string) =>
      metadata('connector', { organizationUrl, organizationId }, object(model({ ConnectorUrl: string }))),
    entities: (organizationUrl: string) =>
      metadata('entities', { organizationUrl }, object(list(entityResponse))),
    relationships: (organizationUrl: string) =>
      metadata('relationships', { organizationUrl }, object(list(relationshipResponse))),
    hasOrgAcceptedPrivacyTerms: (organizationId: string) =>
      metadata('hasorgacceptedprivacyterms', { organizationId }, object(boolean)),
    acceptOrgPrivacyTerms: (organizationUrl: string, organizationId: string, isAuthorized: boolean) =>
      metadata(
        'acceptprivacyterms',
        { organizationUrl, organizationId, isAuthorized: String(isAuthorized) },
        object(boolean),
        'POST',
      ),
    profiles: (organizationId: string, status?: boolean) =>
      call('GET', 'profiles', {
        query: { organizationId, status: status?.toString() },
        errors: profileErrors,
        ok: object(list(profileDetails)),
      }),
    createProfile: (body: object) =>
      call('POST', 'profiles', { body, errors: profileErrors, ok: object(profileDetails) }),
    validate: (body: object) =>
      call('POST', 'profiles/validate', { body, errors: profileErrors, ok: object(string) }),
    getProfile: (id: string, status?: boolean) =>
      call('GET', `profiles/${escaped(id)}`, {
        query: { status: status?.toString() },
        errors: profileErrors,
        ok: object(profileDetails),
      }),
    updateProfile: (id: string, body: object) =>
      call('PUT', `profiles/${escaped(id)}`, {
        body,
        errors: [...profileErrors, 412],
        ok: object(statusResponse),
      }),
    deleteProfile: (id: string) => ofProfile('DELETE', id, '', object(string)),
    activate: (id: string) => ofProfile('POST', id, '/activate', object(statusResponse)),
    activateMetadata: (id: string) => ofProfile('POST', id, '/activatemetadata', object(statusResponse)),
    activateData: (id: string) => ofProfile('POST', id, '/activatedata', object(statusResponse)),
    deactivate: (id: string) => ofProfile('POST', id, '/deactivate', object(statusResponse)),
    test: (id: string) => ofProfile('GET', id, '/test', object(string)),
    failures: (id: string) => ofProfile('GET', id, '/failures', object(model({ FailureBlobUri: string }))),
  };
}
