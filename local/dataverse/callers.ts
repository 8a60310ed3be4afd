import { DataverseError, errorCodes } from './errors.ts';
import { contoso, type Organization } from './organization.ts';
import { type ReadDepth, readDepthOf } from './privileges.ts';
import { sortKey } from './store/guid-order.ts';
import { parseRow, type RowValues } from './store/row-text.ts';

/** What the roles of a user allow: an administrator everything, a reader to read rows but not to track changes. */
export type Rights = {
  isAdministrator: boolean;
  canWrite: boolean;
  readDepth: ReadDepth;
};
/** Who calls, and what that user may do. */
export type Caller = Rights & { userId: string };
/** The claims of a checked token that say who calls. */
export type Claims = { oid?: string; appid?: string; azp?: string; [claim: string]: unknown };

/** Finds the systemuser of a token: applications by `appid` or `azp`, people by `oid`; anyone else is no member. */
export function findCaller(organization: Organization, claims: Claims): Caller {
  // A person's token names the application they signed in with, too; only a token without a person is that application.
  const isPerson =
    claims.scp !== undefined || claims.upn !== undefined || claims.preferred_username !== undefined;
  const applicationId = isPerson ? undefined : (claims.appid ?? claims.azp);
  let user: RowValues | undefined;
  for (const row of organization.store.scan('systemuser', {})) {
    const values = parseRow(row.text);
    const isWanted =
      isValue(values, 'azureactivedirectoryobjectid', claims.oid) ||
      isValue(values, 'applicationid', applicationId);
    if (isWanted) user = values;
  }
  if (!user)
    throw new DataverseError(403, errorCodes.notMember, 'The user is not a member of the organization.');
  if (user.get('isdisabled') === 'true')
    throw new DataverseError(403, errorCodes.userDisabled, 'The specified user is disabled.');
  const userId = text(user, 'systemuserid');
  return { userId, ...rightsOf(organization, userId) };
}

/** By the roles of the user and of the user's teams. */
export function rightsOf(organization: Organization, userId: string): Rights {
  const roles = rolesOf(organization.store, userId);
  const isAdministrator = roles.some((role) =>
    isValue(role, '_roletemplateid_value', contoso.administratorTemplateId),
  );
  const isIntegration = roles.some((role) => isValue(role, 'roleid', contoso.integrationRoleId));
  return {
    isAdministrator,
    canWrite: isAdministrator || isIntegration,
    readDepth: readDepthOf(organization, roles),
  };
}

function rolesOf(store: Organization['store'], userId: string): RowValues[] {
  const roleIds: string[] = [];
  const teams: string[] = [];
  for (const row of store.scan('systemuserroles', {})) {
    const values = parseRow(row.text);
    if (isValue(values, 'systemuserid', userId)) roleIds.push(text(values, 'roleid'));
  }
  for (const row of store.scan('teammembership', {})) {
    const values = parseRow(row.text);
    if (isValue(values, 'systemuserid', userId)) teams.push(text(values, 'teamid'));
  }
  for (const row of store.scan('teamroles', {})) {
    const values = parseRow(row.text);
    if (teams.includes(text(values, 'teamid'))) roleIds.push(text(values, 'roleid'));
  }
  return roleIds.flatMap((id) => {
    const row = store.get('role', sortKey(id));
    return row ? [parseRow(row.text)] : [];
  });
}

function text(values: RowValues, property: string): string {
  return values.get(property)?.slice(1, -1) ?? '';
}

function isValue(values: RowValues, property: string, wanted: string | undefined): boolean {
  return wanted !== undefined && text(values, property).toLowerCase() === wanted.toLowerCase();
}
