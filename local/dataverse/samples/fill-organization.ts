import { secondIdentity } from '../../sign-ins.ts';
import { contoso, type Organization } from '../organization.ts';
import { lookupTableProperty } from '../store/row-text.ts';
import { addRows } from './make-rows.ts';
import { type Member, putMember } from './members.ts';
import { putOwnRow } from './own-row.ts';

const share: Record<string, number> = {
  account: 0.25,
  contact: 0.25,
  lead: 0.09,
  opportunity: 0.07,
  incident: 0.08,
  task: 0.08,
  email: 0.06,
  activityparty: 0.08,
  annotation: 0.03,
  accountleads: 0.01,
};
const few: Record<string, number> = {
  systemuser: 40,
  team: 8,
  businessunit: 5,
  systemuserroles: 40,
  teammembership: 30,
  teamroles: 4,
  userquery: 12,
};

/** Fills a new file: the rows that the organization itself is made of, and `rows` sample rows over the tables. */
export function fillOrganization(
  organization: Organization,
  rows: number,
  managedIdentityClientId: string,
  people: readonly Member[],
): void {
  const { store, schema } = organization;
  if (store.state('filled') !== undefined) return;
  store.transaction(() => {
    addOwnRows(organization, managedIdentityClientId, people);
    const counts = new Map<string, number>();
    const small = Object.values(few).reduce((sum, count) => sum + count, 0);
    for (const [name, count] of Object.entries(few))
      counts.set(name, Math.min(count, Math.ceil((rows * count) / small)));
    const left = Math.max(0, rows - [...counts.values()].reduce((sum, count) => sum + count, 0));
    for (const [name, part] of Object.entries(share)) counts.set(name, Math.round(left * part));
    // All counts first: rows refer to rows of tables that are filled later.
    for (const [name, count] of counts) store.setState(`samples ${name}`, String(count));
    for (const [name, count] of counts) {
      const table = schema.tables.get(name);
      if (table) addRows(organization, table, 0, count, 1);
    }
    store.setState('filled', 'yes');
  });
}

function addOwnRows(
  organization: Organization,
  managedIdentityClientId: string,
  people: readonly Member[],
): void {
  const put = (name: string, id: string, facts: Record<string, unknown>) =>
    putOwnRow(organization, name, id, facts);
  const unit = { _businessunitid_value: contoso.businessUnitId };
  put('organization', organization.id, {
    name: organization.name,
    expirechangetrackingindays: 7,
    expiresubscriptionsindays: 7,
    languagecode: 1033,
    localeid: 1033,
    pricingdecimalprecision: 2,
    currencydecimalprecision: 2,
    basecurrencyprecision: 2,
    basecurrencysymbol: '$',
    baseisocurrencycode: 'USD',
    initialversion: contoso.version,
    isauditenabled: true,
    isdisabled: false,
    _basecurrencyid_value: contoso.currencyId,
  });
  put('businessunit', contoso.businessUnitId, {
    name: organization.name,
    _organizationid_value: organization.id,
    isdisabled: false,
  });
  put('transactioncurrency', contoso.currencyId, {
    currencyname: 'US Dollar',
    isocurrencycode: 'USD',
    currencysymbol: '$',
    currencyprecision: 2,
    statecode: 0,
    statuscode: 1,
    _organizationid_value: organization.id,
  });
  put('role', contoso.administratorRoleId, {
    name: 'System Administrator',
    _roletemplateid_value: contoso.administratorTemplateId,
    organizationid: organization.id,
    ...unit,
  });
  put('role', contoso.salespersonRoleId, {
    name: 'Salesperson',
    organizationid: organization.id,
    ...unit,
  });
  put('role', contoso.integrationRoleId, {
    name: 'Data Export',
    organizationid: organization.id,
    ...unit,
  });
  for (const member of people) putMember(organization, member);
  putMember(organization, {
    objectId: 'aaaaaaaa-0000-4000-8000-000000000003',
    name: '# DataExport',
    role: 'integration',
    userId: contoso.identityUserId,
    applicationId: managedIdentityClientId,
    domainName: `user-${managedIdentityClientId}@contoso.example`,
  });
  putMember(organization, {
    objectId: secondIdentity.objectId,
    name: '# DataExport 2',
    role: 'integration',
    applicationId: secondIdentity.clientId,
    domainName: `user-${secondIdentity.clientId}@contoso.example`,
  });
  put('team', 'e1000000-0000-4000-8000-000000000001', {
    name: organization.name,
    isdefault: true,
    teamtype: 0,
    membershiptype: 0,
    _administratorid_value: contoso.adminUserId,
    [lookupTableProperty('_administratorid_value')]: 'systemuser',
    ...unit,
  });
  put('teammembership', 'f1000000-0000-4000-8000-000000000001', {
    systemuserid: contoso.readerUserId,
    teamid: 'e1000000-0000-4000-8000-000000000001',
  });
  put('teamroles', 'f2000000-0000-4000-8000-000000000001', {
    teamid: 'e1000000-0000-4000-8000-000000000001',
    roleid: contoso.salespersonRoleId,
  });
}
