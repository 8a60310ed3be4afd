import { contoso, type Organization } from '../organization.ts';
import { wholeSeconds } from '../rows/column-values.ts';
import { sortKey } from '../store/guid-order.ts';
import { putOwnRow } from './own-row.ts';

/** A person or application of the organization, by Entra object id. */
export type Member = {
  readonly objectId: string;
  readonly name: string;
  readonly role: 'administrator' | 'salesperson' | 'integration';
  /** `team`: an administrator by the role of a team; of their own they are a salesperson. */
  readonly from?: 'own' | 'team';
  readonly isDisabled?: boolean;
  /** Of an application: its client id. */
  readonly applicationId?: string;
  /** Preset: the object id with another first digit. */
  readonly userId?: string;
  readonly domainName?: string;
};

/** Who is in Contoso, besides the app's own identity. */
export const contosoPeople: readonly Member[] = [
  {
    objectId: 'aaaaaaaa-0000-4000-8000-000000000001',
    name: 'Alex Admin',
    role: 'administrator',
    userId: contoso.adminUserId,
    domainName: 'admin@contoso.example',
  },
  {
    objectId: 'aaaaaaaa-0000-4000-8000-000000000002',
    name: 'Robin Reader',
    role: 'salesperson',
    userId: contoso.readerUserId,
    domainName: 'reader@contoso.example',
  },
];

const roleIds = {
  administrator: contoso.administratorRoleId,
  salesperson: contoso.salespersonRoleId,
  integration: contoso.integrationRoleId,
};
const administratorsTeamId = 'e1000000-0000-4000-8000-000000000002';

/** Writes the rows that make somebody a member, new or changed; call it inside a transaction. */
export function putMember(organization: Organization, member: Member): void {
  const { objectId, role } = member;
  const userId = member.userId ?? `e${objectId.slice(1)}`;
  const isByTeam = member.from === 'team' && role === 'administrator';
  const [firstname, lastname] = member.name.split(' ');
  putOwnRow(organization, 'systemuser', userId, {
    firstname,
    lastname,
    fullname: member.name,
    isdisabled: member.isDisabled ?? false,
    accessmode: member.applicationId === undefined ? 0 : 4,
    organizationid: organization.id,
    _businessunitid_value: contoso.businessUnitId,
    domainname: member.domainName ?? `${objectId}@contoso.example`,
    azureactivedirectoryobjectid: objectId,
    ...(member.applicationId === undefined ? {} : { applicationid: member.applicationId }),
  });
  putOwnRow(organization, 'systemuserroles', userId.replace(/^e/, 'f'), {
    systemuserid: userId,
    roleid: roleIds[isByTeam ? 'salesperson' : role],
  });
  const membershipId = userId.replace(/^e/, '1');
  const key = sortKey(membershipId);
  if (isByTeam) joinAdministrators(organization, membershipId, userId);
  else if (organization.store.get('teammembership', key))
    organization.store.remove('teammembership', key, wholeSeconds(new Date()));
}

function joinAdministrators(organization: Organization, membershipId: string, userId: string): void {
  putOwnRow(organization, 'team', administratorsTeamId, {
    name: 'Administrators',
    isdefault: false,
    teamtype: 0,
    membershiptype: 0,
    _businessunitid_value: contoso.businessUnitId,
  });
  putOwnRow(organization, 'teamroles', 'f2000000-0000-4000-8000-000000000002', {
    teamid: administratorsTeamId,
    roleid: roleIds.administrator,
  });
  putOwnRow(organization, 'teammembership', membershipId, {
    systemuserid: userId,
    teamid: administratorsTeamId,
  });
}
