/** App roles of this application that another application can hold. */
export type AppRole = 'Profiles.Manage' | 'Automation.Operate';

/** Who sent a request, as proved by a verified token. Ids are lower-case guids. */
export type Caller =
  | { readonly kind: 'user'; readonly objectId: string; readonly tenantId: string }
  | {
      readonly kind: 'application';
      readonly clientId: string;
      readonly tenantId: string;
      readonly roles: readonly AppRole[];
    };
