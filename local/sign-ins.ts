/** Who can sign in on the local platform, and for what; `docs/local.md` prints the same table. */

export const contosoTenantId = '11111111-1111-4111-8111-111111111111';
export const fabrikamTenantId = '99999999-9999-4999-8999-999999999999';
export const organizationId = '22222222-2222-4222-8222-222222222222';

/** The app's own registration: callers ask tokens for this application. */
export const apiApplicationId = '55555555-5555-4555-8555-555555555555';
export const apiApplicationUri = `api://${apiApplicationId}`;

/** The application that the password grant of `npm run token` names; any other id works as well. */
export const publicClientId = '77777777-7777-4777-8777-777777777777';

export type User = {
  readonly name: string;
  readonly password: string;
  readonly displayName: string;
  readonly objectId: string;
  readonly tenantId: string;
};

export type Client = {
  readonly clientId: string;
  readonly secret: string;
  readonly objectId: string;
  readonly tenantId: string;
  /** App roles in tokens for the app itself, none in tokens for other resources. */
  readonly roles: readonly string[];
};

export const users = {
  admin: {
    name: 'admin@contoso.example',
    password: 'admin',
    displayName: 'Ada Admin',
    objectId: 'aaaaaaaa-0000-4000-8000-000000000001',
    tenantId: contosoTenantId,
  },
  reader: {
    name: 'reader@contoso.example',
    password: 'reader',
    displayName: 'Rea Reader',
    objectId: 'aaaaaaaa-0000-4000-8000-000000000002',
    tenantId: contosoTenantId,
  },
  outsider: {
    name: 'outsider@fabrikam.example',
    password: 'outsider',
    displayName: 'Otto Outsider',
    objectId: 'aaaaaaaa-0000-4000-8000-000000000004',
    tenantId: fabrikamTenantId,
  },
} as const satisfies Record<string, User>;

export const clients = {
  ticketing: {
    clientId: '33333333-3333-4333-8333-333333333333',
    secret: 'ticketing',
    objectId: 'aaaaaaaa-0000-4000-8000-000000000005',
    tenantId: contosoTenantId,
    roles: ['Automation.Operate'],
  },
  deploying: {
    clientId: '44444444-4444-4444-8444-444444444444',
    secret: 'deploying',
    objectId: 'aaaaaaaa-0000-4000-8000-000000000006',
    tenantId: contosoTenantId,
    roles: ['Profiles.Manage'],
  },
} as const satisfies Record<string, Client>;

/**
 * The app's managed identity; its role lets the automation call an app other than its own. `header` is what `IDENTITY_HEADER` holds: it stops other
 * callers by accident only.
 */
export const managedIdentity = {
  clientId: '66666666-6666-4666-8666-666666666666',
  objectId: 'aaaaaaaa-0000-4000-8000-000000000003',
  tenantId: contosoTenantId,
  header: 'local-identity-header',
  roles: ['Automation.Operate'],
} as const;

/** A second application user of the organization, for `DATAVERSE_CLIENT_IDS`; its tokens come from the same endpoint. */
export const secondIdentity = {
  clientId: '66666666-6666-4666-8666-666666666667',
  objectId: 'aaaaaaaa-0000-4000-8000-000000000007',
  tenantId: contosoTenantId,
  roles: [],
} as const;
