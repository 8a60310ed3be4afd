import type { Caller } from '../model/caller.ts';
import type { ApiOperations } from './operations.ts';

/** The operations that change profiles, in the name of the automation: who asked it was let in at its own door. */
export function profileCalls(
  api: ApiOperations,
  { clientId, tenantId }: { readonly clientId: string; readonly tenantId: string },
) {
  const caller: Caller = { kind: 'application', clientId, tenantId, roles: ['Profiles.Manage'] };
  const request = { caller, origin: '', query: {} };
  return {
    list: (organizationid: string) => api.profilesList({ ...request, query: { organizationid } }),
    create: (body: unknown) => api.profilesCreate({ ...request, body }),
    activate: (id: string) => api.profilesActivate({ ...request, id }),
    deactivate: (id: string) => api.profilesDeactivate({ ...request, id }),
  };
}
